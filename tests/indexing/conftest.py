from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.schemas.clip import CLIPS, DESCRIPTIVE
from echodex.schemas.vector import Segments
from echodex.store.known import CLIPS_TABLE
from echodex.store.rowsum import with_row_sums
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer

MakeWav = Callable[..., Path]
Matrix = NDArray[np.float32]


@pytest.fixture
def filled(store: Store, make_wav: MakeWav, tmp_path: Path) -> Store:
    """Twelve tones of different pitch, embedded by "dummy", labelled even and odd."""
    lines = ["path,labels,split"]
    for seed in range(12):
        make_wav(f"{seed}.wav", seed=seed)
        lines.append(f"audio/{seed}.wav,{'odd' if seed % 2 else 'even'},{'train' if seed < 8 else 'test'}")
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(lines))
    store.add(tmp_path / "audio", labels=labels)
    store.embed("dummy")
    return store


AddVectors = Callable[..., list[str]]


@pytest.fixture(scope="session")
def add_vectors() -> AddVectors:
    """Give a store clips that are only vectors: add_vectors(store, float32[n, d], first=0, segments=1) -> their ids."""
    return _add_vectors


def _add_vectors(store: Store, matrix: Matrix, first: int = 0, segments: int = 1) -> list[str]:
    """Give the store clips without audio whose vectors are the rows of float32[n, d], `segments` to a clip, in the
    space "made"; return their ids, "clip00000" onwards from `first`. Labels are the last digit of the number.
    """
    count = len(matrix) // segments
    ids = [f"clip{first + number:05}" for number in range(count)]
    fixed = {
        **dict.fromkeys(DESCRIPTIVE, ""),
        **dict.fromkeys(("size_bytes", "offset_s", "duration_s", "expected_s", "decoded_s"), 1),
        **dict.fromkeys(("codec", "reason", "detail"), ""),
        "excerpt": False,
        "sample_rate_hz": 8000,
        "channels": 1,
        "status": "ok",
        "extra": "{}",
        "added_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    columns = {name: pa.repeat(pa.scalar(value, CLIPS.field(name).type), count) for name, value in fixed.items()}
    columns |= {"clip_id": pa.array(ids), "content_hash": pa.array(ids), "uris": pa.array([[f"/{i}.wav"] for i in ids])}
    columns |= {"mtimes_ns": pa.array([[0]] * count), "labels": pa.array([[i[-1]] for i in ids])}
    store.tables.append(CLIPS_TABLE, with_row_sums(pa.table(columns), CLIPS))
    starts = np.arange(segments, dtype=np.float32)
    rows = matrix.reshape(count, segments, -1)
    Writer(store.tables, imported_space(store.tables, "made", matrix.shape[1], "")).write(
        ids, [Segments(starts, row) for row in rows]
    )
    return ids
