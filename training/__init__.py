"""Loaders over views, objectives, runs and checkpoints."""
