"""echodex: an embedding store for audio."""

__version__ = "0.1.0"
