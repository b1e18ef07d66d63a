"""Clusters of a space: exact HDBSCAN from the kNN graph, an approximate way for millions, and K-Means."""
