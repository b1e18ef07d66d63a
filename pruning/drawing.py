"""What the pictures of pruning have in common: their colours, and how they are written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ..store.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
"""Told apart with any common kind of colour blindness (Okabe and Ito 2008)."""


def write_png(figure: Figure, out: Path) -> None:
    """Write a figure as a PNG, the same bytes whenever it is drawn. Raises StorageError."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_atomic(out, buffer.getvalue())
