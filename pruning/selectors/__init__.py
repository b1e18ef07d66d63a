"""Selectors: what chooses clips inside a cluster. One file each, and a registry."""
