"""What a worker lays on a tray."""

from __future__ import annotations

import numpy as np

from echodex.schemas.vector import Segments, Space, vector_schema
from echodex.store.loose import Receipt, Tray
from echodex.store.vectors import vector_rows


def lay(tray: Tray, space: Space, *clip_ids: str) -> Receipt:
    """Lay a vector for each of some clips on the tray, as a worker does."""
    new = {name: Segments(np.zeros(1, np.float32), np.full((1, space.dim), 0.5, np.float32)) for name in clip_ids}
    return tray.write([vector_rows(tray.table, vector_schema(space.dim), new)], {"problems": []})
