"""Fixtures of trainings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest

from echodex.api import Store
from echodex.schemas.view import VIEW_ROWS


@pytest.fixture
def save_view() -> Callable[[Store, str, Sequence[str]], None]:
    """Save a view of a store that keeps some clips."""

    def save(store: Store, name: str, kept: Sequence[str]) -> None:
        ids = store.clips(["clip_id"]).column(0).to_pylist()
        blank = {"rank": 0, "split": "", "cluster": -2, "representative": "", "similarity": 0.0, "gain": 0.0}
        rows = [{"clip_id": clip_id, "kept": clip_id in kept, "reason": "", **blank} for clip_id in ids]
        schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
        store.save_view(name, pa.Table.from_pylist(rows, schema=schema), {}, None)

    return save
