"""Music that nobody wrote: pieces drawn at random, from harmony to record, for training at any scale."""

from .piece import draw_piece

__all__ = ["draw_piece"]
