"""LanceDB tables: adding clips, embedding them, views, filters and the files beside the tables."""
