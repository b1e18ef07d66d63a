"""Clusters, selectors, and plans that become views."""
