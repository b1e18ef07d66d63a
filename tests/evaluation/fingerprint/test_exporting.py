from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
import torch
from safetensors.numpy import save_file

from echodex.api import Store
from echodex.encoders.autoencoder.network import autoencoder
from echodex.encoders.base import digest
from echodex.encoders.fingerprint import Fingerprint
from echodex.errors import BadInput, NotFound, UsageError
from echodex.evaluation.fingerprint.evaluate import evaluate_folder
from echodex.evaluation.fingerprint.exporting import Maker, export_memmap
from echodex.evaluation.fingerprint.layout import read_layout, read_matrix
from echodex.evaluation.fingerprint.protocol import ProtocolConfig
from echodex.evaluation.fingerprint.report import EXACT, SONG
from echodex.schemas.view import VIEW_ROWS

RATE_HZ, SEGMENTS, DIM = 8000, 15, 64
Melody = Callable[[int], np.ndarray]


@pytest.fixture(scope="module")
def originals(melodies: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store of melodies with a view of three of them."""
    folder = tmp_path_factory.mktemp("originals") / "library"
    shutil.copytree(melodies.path, folder)
    store = Store.open(folder, create=False)
    rows = [
        {
            "clip_id": clip["clip_id"],
            "kept": Path(clip["uris"][0]).stem in "024",
            "rank": number,
            "split": "",
            "cluster": -1,
            "representative": clip["clip_id"],
            "similarity": 1.0,
            "gain": 0.0,
            "reason": "selected",
        }
        for number, clip in enumerate(store.clips(["clip_id", "uris"]).to_pylist())
    ]
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    store.save_view("originals", pa.Table.from_pylist(rows, schema=schema), {"source": "all"}, store.space())
    return store


@pytest.fixture
def replicas(tmp_path: Path, melody: Melody) -> Path:
    """The three again with noise, in a folder."""
    folder = tmp_path / "replicas"
    folder.mkdir()
    random = np.random.default_rng(3)
    for number in (0, 2, 4):
        samples = melody(number)
        soundfile.write(folder / f"{number}.wav", samples + 0.02 * random.standard_normal(len(samples)), RATE_HZ)
    return folder


def test_a_round_trip_through_the_published_protocol(originals: Store, replicas: Path, tmp_path: Path) -> None:
    out = tmp_path / "emb"
    report = export_memmap(originals, out, {"db": "view:originals", "query": str(replicas), "dummy_db": "view:all"})
    assert [(part.name, part.clips, part.rows, part.dim) for part in report.parts] == [
        ("dummy_db", 6, 6 * SEGMENTS, DIM),
        ("db", 3, 3 * SEGMENTS, DIM),
        ("query", 3, 3 * SEGMENTS, DIM),
    ]
    assert report.made_by == {"encoder": originals.space().digest, "space": originals.space().name}
    layout = read_layout(out)
    vectors = originals.vectors().clip_ids
    ids, _, matrix = originals.segments(None, vectors)
    paths = {clip.clip_id: clip.path for clip in originals.sources(vectors)}
    order = np.argsort([paths[clip_id] for clip_id in ids], kind="stable")
    np.testing.assert_allclose(layout.dummies, matrix[order], atol=1e-6)
    np.testing.assert_array_equal(layout.database[:SEGMENTS], layout.dummies[:SEGMENTS])  # clip 0 is in both
    config = ProtocolConfig("l2", lengths=(1, 3, 5), test_ids="all", strict=True)
    (out / "dummy_db.mm").unlink()  # which would be found in the place of the originals
    found = evaluate_folder(out, config, songs=str(out / "query_songs.csv"))
    assert found.hits[SONG][2] == 100.0
    assert found.hits[EXACT][2] > 90.0


def test_rows_tell_their_clips_and_times(originals: Store, tmp_path: Path) -> None:
    export_memmap(originals, tmp_path, {"db": "view:originals"})
    rows = pq.read_table(tmp_path / "db_rows.parquet").to_pylist()
    assert [Path(row["path"]).name for row in rows[::SEGMENTS]] == ["0.wav", "2.wav", "4.wav"]
    assert [row["start_s"] for row in rows[:SEGMENTS]] == [number / 2 for number in range(SEGMENTS)]
    matrix = read_matrix(tmp_path, "db")
    clip_id = rows[SEGMENTS]["clip_id"]
    np.testing.assert_allclose(originals.segments(None, [clip_id])[2], matrix[SEGMENTS : 2 * SEGMENTS], atol=1e-6)


def test_an_encoder_over_a_view_and_over_files_without_a_store(
    originals: Store, untrained: Fingerprint, replicas: Path, tmp_path: Path
) -> None:
    save_file(untrained.weights(), tmp_path / "weights.safetensors")
    maker = Maker("fingerprint", str(tmp_path / "weights.safetensors"))
    report = export_memmap(originals, tmp_path / "a", {"db": "view:originals"}, maker=maker)
    assert report.made_by == {"encoder": digest(untrained)}
    export_memmap(originals, tmp_path / "b", {"db": "view:originals"})
    np.testing.assert_allclose(read_matrix(tmp_path / "a", "db"), read_matrix(tmp_path / "b", "db"), atol=1e-5)
    (replicas / "1.wav").write_text("no audio")
    report = export_memmap(None, tmp_path / "c", {"custom_source": str(replicas)}, maker=maker)
    assert [(part.name, part.clips) for part in report.parts] == [("custom_source", 3)]
    assert [(Path(problem.path).name, problem.reason) for problem in report.problems] == [("1.wav", "unreadable")]


def test_files_and_clips_are_in_one_order(untrained: Fingerprint, melody: Melody, tmp_path: Path) -> None:
    """That of whole paths, as published: a walk through folders has another one."""
    store = Store.open(tmp_path / "library")
    for number, name in enumerate(("a/x", "a-b/x", "a/y")):
        path = tmp_path / "music" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, melody(number)[: (number + 1) * RATE_HZ], RATE_HZ)
    store.add(tmp_path / "music")
    store.embed_with(untrained)
    export_memmap(store, tmp_path / "emb", {"db": "view:all", "query": str(tmp_path / "music")})
    layout = read_layout(tmp_path / "emb")
    assert len(layout.database) == 3 + 1 + 5
    np.testing.assert_allclose(layout.query, layout.database, atol=1e-5)


def test_a_gap_among_queries_is_an_error(originals: Store, replicas: Path, tmp_path: Path) -> None:
    (replicas / "2.wav").write_text("no audio")
    with pytest.raises(BadInput, match=r"1 clips of query have no fingerprints.*2\.wav"):
        export_memmap(originals, tmp_path / "emb", {"db": "view:originals", "query": str(replicas)})
    assert not list((tmp_path / "emb").iterdir())


@pytest.mark.parametrize(
    ("sources", "asked", "error", "told"),
    [
        ({}, {}, UsageError, "dummy_db, db, query, custom_source"),
        ({"database": "view:all"}, {}, UsageError, "dummy_db, db, query, custom_source"),
        ({"db": "nowhere"}, {}, NotFound, "nowhere does not exist; give view:NAME, or a folder"),
        ({"db": "view:all", "query": "view:orginals"}, {}, NotFound, "orginals"),
        ({"db": "view:all"}, {"space": "fingerprint", "maker": Maker("fingerprint")}, UsageError, "either a space"),
        ({"db": "view:all"}, {"maker": Maker("timbre")}, UsageError, "`echodex embed timbre`, and name its space"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(
    originals: Store, tmp_path: Path, sources: dict[str, str], asked: dict[str, object], error: type, told: str
) -> None:
    with pytest.raises(error, match=told):
        export_memmap(originals, tmp_path / "emb", sources, **asked)  # type: ignore[arg-type]
    assert not (tmp_path / "emb").exists()


def test_an_encoder_that_hears_nothing_is_refused(originals: Store, tmp_path: Path) -> None:
    torch.save(autoencoder((16, 8, 2)).state_dict(), tmp_path / "ae.pt")
    maker = Maker("autoencoder", str(tmp_path / "ae.pt"))
    with pytest.raises(UsageError, match="'autoencoder' reads vectors of 'datacos', not audio"):
        export_memmap(originals, tmp_path / "emb", {"db": "view:all"}, maker=maker)
