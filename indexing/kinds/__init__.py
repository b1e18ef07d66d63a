"""Kinds of FAISS index: one file each, found by name in `registry`, with the published settings in `presets`."""
