"""The map as a picture: all clips of a space, a panel for each column that colours them and for each view."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import NotFound
from ..registry import nearest
from ..schemas.vector import Float32
from ..store.files import write_atomic
from .layout import Layout
from .panel import Panel, draw_panel
from .server.session import Session
from .server.values import Column, Values, category

if TYPE_CHECKING:
    from ..store.store import Store

PANEL_INCHES, MARGIN_INCHES, TITLE_INCHES, LINE_INCHES = 5.0, 0.2, 0.35, 0.17
DEFAULTS = ("label", "cluster")
"""The first of these columns that there is colours the map where nobody says what does."""


def draw_store(store: Store, made: Layout, out: Path, *, colors: Sequence[str] = (), views: Sequence[str] = ()) -> None:
    """Write the map of a space as a PNG: a panel for each of the columns `colors` and of the `views`.

    colors: columns as the explorer names them: label, cluster, split, duration_s, ...; none of them: that of DEFAULTS
    that there is. Raises NotFound for a column or view that does not exist, StorageError.
    """
    seen = Session(store).seen(made.info.space)
    columns = {column.name: column for column in seen.columns(store)}
    chosen = [_named(columns, name) for name in colors or [name for name in DEFAULTS if name in columns][:1]]
    for view in views:
        info = store.view(view)
        chosen.append(columns[f"view:{info.name}@{info.version}"])
    rows = pc.index_in(made.clip_ids, value_set=seen.snapshot.ids)
    held = pc.is_valid(rows)  # not those that were removed while the map was made
    points = made.points[held.to_numpy(zero_copy_only=False)]
    places = rows.filter(held).to_numpy()
    panels = [_panel(column, places) for column in chosen]
    draw_map(points, panels or [Panel("place", category(pa.nulls(len(points), pa.string())))], out)


def draw_map(points: Float32, panels: Sequence[Panel], out: Path) -> None:
    """Write panels of clips at float32[n, 2], within [-1, 1], as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(dpi=130)
    axes = [figure.add_axes((0, 0, 1, 1), label=str(number)) for number in range(len(panels))]
    lines = max(draw_panel(one, points, panel) for one, panel in zip(axes, panels, strict=True))
    columns = ceil(sqrt(len(panels)))
    wide, high = PANEL_INCHES + 2 * MARGIN_INCHES, PANEL_INCHES + TITLE_INCHES + lines * LINE_INCHES + MARGIN_INCHES
    width, height = wide * columns, high * ceil(len(panels) / columns)
    figure.set_size_inches(width, height)
    for number, one in enumerate(axes):
        row, column = divmod(number, columns)
        left, top = column * wide + MARGIN_INCHES, height - row * high - TITLE_INCHES
        one.set_position((left / width, (top - PANEL_INCHES) / height, PANEL_INCHES / width, PANEL_INCHES / height))
    buffer = io.BytesIO()
    with warnings.catch_warnings():  # names in a script that the font lacks are drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format="png", metadata={"Software": None})
    write_atomic(out, buffer.getvalue())


def _named(columns: dict[str, Column], name: str) -> Column:
    if name not in columns:
        raise NotFound(f"column {name[:80]!r} does not exist{nearest(name, columns)}")
    return columns[name]


def _panel(column: Column, places: NDArray[np.int64]) -> Panel:
    """Return a panel of the rows `places` of a column."""
    values = column.make()
    return Panel(column.title, Values(values.array[places], values.header))
