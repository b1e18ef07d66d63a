"""The Parquet file for Embedding Atlas: what it documents, of the clips of the store, with audio that plays."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.explorer import atlas as room


def written(store: Store, out: Path, **options: Any) -> pa.Table:
    store.export_atlas(out, **options)
    return pq.read_table(out)


def test_coordinates_are_those_of_the_map(kinds: Store, tmp_path: Path) -> None:
    table = written(kinds, tmp_path / "a.parquet")
    made = kinds.map()
    assert table.column("id").to_pylist() == made.clip_ids.to_pylist()
    np.testing.assert_array_equal(np.column_stack([table.column("x"), table.column("y")]), made.points)


def test_neighbours_are_rows_of_the_file_nearest_first(kinds: Store, tmp_path: Path) -> None:
    kinds.prune("random", keep=0.5, duplicate_score=0).save("half")
    for view in (None, "half"):
        table = written(kinds, tmp_path / "a.parquet", view=view, neighbours=4)
        matrix = kinds.vectors(view=view).matrix.astype(np.float64)
        assert len(table) == len(matrix) == (36 if view else 72)
        far = 1 - matrix @ matrix.T
        np.fill_diagonal(far, np.inf)
        assert table.schema.field("neighbors").type == pa.struct(
            [("ids", pa.list_(pa.int64())), ("distances", pa.list_(pa.float32()))]
        )
        for row, near in enumerate(table.column("neighbors").to_pylist()):
            assert len(near["ids"]) == 4
            assert row not in near["ids"]
            np.testing.assert_allclose(near["distances"], np.sort(far[row])[:4], atol=1e-5)
            np.testing.assert_allclose(far[row][near["ids"]], near["distances"], atol=1e-5)


def test_the_columns_of_the_explorer_are_in_it(kinds: Store, tmp_path: Path) -> None:
    view = kinds.prune("random", keep=0.5, duplicate_score=0).save("half")
    table = written(kinds, tmp_path / "a.parquet")
    clips = kinds.clips(["labels", "duration_s", "uris"]).to_pylist()
    assert table.column("label").to_pylist() == [clip["labels"][0] for clip in clips]
    assert table.column("path").to_pylist() == [clip["uris"][0] for clip in clips]
    assert table.column("name").to_pylist() == [Path(clip["uris"][0]).name for clip in clips]
    np.testing.assert_allclose(table.column("duration_s"), [clip["duration_s"] for clip in clips], rtol=1e-6)
    kept = {row["clip_id"] for row in view.rows().to_pylist() if row["kept"]}
    said = dict(zip(table.column("id").to_pylist(), table.column("view:half@1").to_pylist(), strict=True))
    assert {clip for clip, fate in said.items() if fate.startswith("kept")} == kept


def test_what_a_clip_does_not_have_is_null(new_store: Callable[..., Store], tmp_path: Path) -> None:
    store = new_store([["low"], [], ["low"]], ["train", "", "test"])
    table = written(store, tmp_path / "a.parquet")
    assert set(table.column("label").to_pylist()) == {"low", None}
    assert table.column("split").null_count == 1


def test_audio_plays_there(kinds: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_GROUP_SOUNDS", 50)
    gone = kinds.clips(["clip_id", "uris"]).to_pylist()[3]
    paths = {clip["clip_id"]: clip["uris"][0] for clip in kinds.clips(["clip_id", "uris"]).to_pylist()}
    lines: list[str] = []

    class Listener:
        def __call__(self, stage: str, done: int, total: int | None) -> None: ...

        def say(self, line: str) -> None:
            lines.append(line)

    moved = Path(gone["uris"][0]).rename(tmp_path / "moved.wav")
    try:
        done = kinds.export_atlas(tmp_path / "a.parquet", audio=True, progress=Listener())
    finally:
        moved.rename(gone["uris"][0])
    assert (done.clips, done.audio) == (72, 71)
    assert any(line.startswith("1 of 72 clips") for line in lines)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.field("audio").type == room.AUDIO
    for clip_id, audio in zip(table.column("id").to_pylist(), table.column("audio").to_pylist(), strict=True):
        if clip_id == gone["clip_id"]:
            assert audio is None
        else:
            assert audio["path"].endswith(".wav")
            assert audio["bytes"] == Path(paths[clip_id]).read_bytes()


def test_what_it_would_not_take_for_audio_becomes_wav(store: Store, tmp_path: Path) -> None:
    samples = np.sin(np.arange(8000) / 5) * 0.5
    (tmp_path / "audio").mkdir()
    sf.write(tmp_path / "audio" / "a.flac", samples, 8000)
    store.add(tmp_path / "audio", embed="dummy")
    [audio] = written(store, tmp_path / "a.parquet", audio=True).column("audio").to_pylist()
    found, rate_hz = sf.read(io.BytesIO(audio["bytes"]))
    assert audio["path"].endswith(".wav")
    assert rate_hz == 8000
    np.testing.assert_allclose(found, samples, atol=1e-4)


def test_one_clip_has_no_neighbours(new_store: Callable[..., Store], tmp_path: Path) -> None:
    store = new_store([["low"]])
    [near] = written(store, tmp_path / "a.parquet").column("neighbors").to_pylist()
    assert near == {"ids": [], "distances": []}


def test_what_makes_no_sense_is_refused(kinds: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 1, not 0"):
        kinds.export_atlas(tmp_path / "a.parquet", neighbours=0)
    with pytest.raises(NotFound):
        kinds.export_atlas(tmp_path / "a.parquet", view="none")
    assert not (tmp_path / "a.parquet").exists()
