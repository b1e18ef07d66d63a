"""Vectors as they are read: against a dict of lists and NumPy, in any order of writing, with nulls, in many batches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from echodex.errors import NotFound
from echodex.schemas.vector import Float32, Segments, Space, vector_schema
from echodex.store import tables as tables_module
from echodex.store.spaces import table_of
from echodex.store.tables import Tables
from echodex.store.vectors import Writer, normalised, read_all_segments, read_pooled, read_segments, vector_column

DIM = 6
SPACE = Space("made", "import", "import:made", {}, DIM, "2026-01-01")
Content = dict[str, list[Float32 | None]]


def filled(folder: Path, content: Content, order: list[tuple[str, int]]) -> Tables:
    """A space with the rows of `content`, written in the given order of (clip, segment), one commit for every 7."""
    tables = Tables(folder)
    tables.create(table_of(SPACE), vector_schema(DIM))
    for first in range(0, len(order), 7):
        part = order[first : first + 7]
        rows = pa.table(
            {
                "clip_id": [clip for clip, _ in part],
                "segment": pa.array([segment for _, segment in part], pa.int32()),
                "start_s": pa.array([segment * 0.5 for _, segment in part], pa.float32()),
                "vector": pa.array([content[clip][segment] for clip, segment in part], pa.list_(pa.float32(), DIM)),
                "row_sum": pa.nulls(len(part), pa.binary(16)),
            }
        )
        tables.append(table_of(SPACE), rows.cast(vector_schema(DIM)))
    return tables


def made_up(seed: int, most: int, nulls: float = 0.0) -> tuple[Content, list[tuple[str, int]]]:
    """Clips of 1 to `most` segments, and all (clip, segment), clip by clip in a random order of clips."""
    random = np.random.default_rng(seed)
    content: Content = {}
    for clip in (f"{number:04}" for number in random.choice(9999, 40, replace=False)):
        vectors = random.standard_normal((random.integers(1, most + 1), DIM)).astype(np.float32)
        content[clip] = [None if random.random() < nulls else row for row in vectors]
    return content, [(clip, segment) for clip, rows in content.items() for segment in range(len(rows))]


def means(content: Content) -> tuple[list[str], Float32]:
    held = {clip: [row for row in rows if row is not None] for clip, rows in content.items()}
    ids = sorted(clip for clip, rows in held.items() if rows)
    return ids, np.array([np.mean(held[clip], axis=0, dtype=np.float64) for clip in ids], np.float32)


@pytest.fixture(params=[3, 8192], ids=["small batches", "one batch"])
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_module, "_BATCH_ROWS", request.param)


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize("nulls", [0.0, 0.3])
@pytest.mark.parametrize("most", [1, 5])
def test_the_mean_of_a_clip_is_its_mean(tmp_path: Path, most: int, nulls: float) -> None:
    content, order = made_up(0, most, nulls)
    ids, expected = means(content)
    tables = filled(tmp_path, content, order)
    found = read_pooled(tables, SPACE, None, normalise=False)
    assert (found.clip_ids, found.version) == (ids, tables.version(table_of(SPACE)))
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-6)
    if most == 1:
        np.testing.assert_array_equal(found.matrix, expected)
    unit = read_pooled(tables, SPACE, None)
    np.testing.assert_array_equal(unit.matrix, normalised(found.matrix))


@pytest.mark.usefixtures("batches")
@pytest.mark.parametrize("few", [True, False], ids=["looked up", "scanned"])
def test_only_the_clips_that_are_wanted(tmp_path: Path, few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("echodex.store.keys.FEW", 1000 if few else 0)
    content, order = made_up(1, 4, nulls=0.1)
    tables = filled(tmp_path, content, order)
    wanted = {*sorted(content)[::2], "no such clip"}
    ids, expected = means({clip: rows for clip, rows in content.items() if clip in wanted})
    for asked in (wanted, pa.array(sorted(wanted)), pa.chunked_array([sorted(wanted)])):
        found = read_pooled(tables, SPACE, asked, normalise=False)
        assert found.clip_ids == ids
        np.testing.assert_allclose(found.matrix, expected, rtol=1e-6)
    assert len(read_pooled(tables, SPACE, set())) == 0


@pytest.mark.usefixtures("batches")
def test_segments_scattered_over_the_table_are_found_together(tmp_path: Path) -> None:
    content, order = made_up(2, 5, nulls=0.2)
    np.random.default_rng(0).shuffle(order)
    found = read_pooled(filled(tmp_path, content, order), SPACE, None, normalise=False)
    ids, expected = means(content)
    assert found.clip_ids == ids
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-5, atol=1e-7)


def test_a_version_is_read_as_it_was(tmp_path: Path) -> None:
    content, order = made_up(3, 2)
    tables = filled(tmp_path, content, order)
    version = tables.version(table_of(SPACE))
    before = read_pooled(tables, SPACE, None)
    Writer(tables, SPACE).write(["new"], [Segments(np.zeros(1, np.float32), np.ones((1, DIM), np.float32))])
    assert "new" in read_pooled(tables, SPACE, None).clip_ids
    again = read_pooled(tables, SPACE, None, version)
    assert again.clip_ids == before.clip_ids
    np.testing.assert_array_equal(again.matrix, before.matrix)


def test_an_empty_space_has_no_vectors(tmp_path: Path) -> None:
    tables = filled(tmp_path, {}, [])
    assert read_pooled(tables, SPACE, None).matrix.shape == (0, DIM)
    assert read_all_segments(tables, SPACE).matrix.shape == (0, DIM)


@pytest.mark.usefixtures("batches")
def test_all_segments_come_by_clip_and_segment(tmp_path: Path) -> None:
    content, order = made_up(4, 5, nulls=0.2)
    np.random.default_rng(0).shuffle(order)
    found = read_all_segments(filled(tmp_path, content, order), SPACE)
    expected = [
        (clip, segment, segment * 0.5, row.tolist())
        for clip, rows in sorted(content.items())
        for segment, row in enumerate(rows)
        if row is not None
    ]
    assert found.matrix.dtype == np.float32
    assert (
        list(
            zip(
                found.clip_ids.to_pylist(),
                found.segments.tolist(),
                found.starts_s.tolist(),
                found.matrix.tolist(),
                strict=True,
            )
        )
        == expected
    )


@pytest.mark.usefixtures("batches")
def test_the_segments_of_some_clips_come_in_the_order_asked_for(tmp_path: Path) -> None:
    content, order = made_up(5, 4)
    tables = filled(tmp_path, content, order)
    asked = sorted(content, reverse=True)[3:9]
    found = read_segments(tables, SPACE, asked)
    assert found.clip_ids.to_pylist() == [clip for clip in asked for _ in content[clip]]
    assert found.segments.tolist() == [segment for clip in asked for segment in range(len(content[clip]))]
    expected = np.concatenate([np.array(content[clip], dtype=np.float32) for clip in asked])
    np.testing.assert_array_equal(found.matrix, expected)
    with pytest.raises(NotFound, match="nobody"):
        read_segments(tables, SPACE, [asked[0], "nobody"])


def test_a_zero_vector_stays_zero() -> None:
    matrix = np.array([[0, 0], [3, 4]], np.float32)
    np.testing.assert_allclose(normalised(matrix), np.array([[0, 0], [0.6, 0.8]]), rtol=1e-7)
    np.testing.assert_array_equal(matrix, [[0, 0], [3, 4]])


MEASURE = """
import re, sys
from pathlib import Path
from echodex.schemas.vector import Space
from echodex.store.tables import Tables
from echodex.store.vectors import read_pooled, read_all_segments
def peak():  # not ru_maxrss: a child inherits that of its parent
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
tables, space = Tables(Path(sys.argv[1])), Space("large", "import", "", {}, 256, "")
tables.scan("vectors_large", ["segment"])
before = peak()
found = read_pooled(tables, space, None) if sys.argv[2] == "pooled" else read_all_segments(tables, space)
print(peak() * 1024 - before * 1024 - found.matrix.nbytes)
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["pooled", "segments"])
def test_reading_holds_one_matrix(tmp_path: Path, how: str) -> None:
    tables, space = Tables(tmp_path), Space("large", "import", "", {}, 256, "")
    tables.create(table_of(space), vector_schema(256))
    random = np.random.default_rng(0)
    for part in range(6):
        count = 50_000
        rows = {
            "clip_id": [f"{number:032x}" for number in random.permutation(count) + part * count],
            "segment": np.zeros(count, np.int32),
            "start_s": np.zeros(count, np.float32),
            "vector": vector_column(random.standard_normal((count, 256), dtype=np.float32)),
            "row_sum": pa.nulls(count, pa.binary(16)),
        }
        tables.append(table_of(space), pa.table(rows).cast(vector_schema(256)))
    script = [sys.executable, "-c", MEASURE, str(tmp_path), how]
    beside = int(subprocess.run(script, capture_output=True, text=True, check=True, timeout=300).stdout)
    print(f"{how}: {beside / 1e6:.0f} MB beside a matrix of 307 MB")
    assert beside < 300e6  # what Lance and the ids take, 200 or so; another matrix would come on top of it
