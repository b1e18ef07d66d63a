from __future__ import annotations

import csv
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.errors import BadInput, NotFound, UsageError
from echodex.evaluation.fingerprint.evaluate import evaluate_space
from echodex.evaluation.fingerprint.protocol import ProtocolConfig
from echodex.evaluation.fingerprint.report import EXACT, NEAR, SONG
from echodex.evaluation.fingerprint.tables import from_store
from echodex.schemas.clip import Source
from echodex.schemas.vector import Segments
from echodex.store.spaces import imported_space, table_of
from echodex.store.vectors import Writer
from echodex.store.where import all_of, equals, is_in

RATE_HZ = 8000
Melody = Callable[[int], np.ndarray]


@pytest.fixture
def cuts(tmp_path: Path, melody: Melody) -> Path:
    """A CSV of cuts of three of the melodies, 4 s each."""
    rows = []
    (tmp_path / "cuts").mkdir()
    for number, begin_s in ((1, 0.0), (2, 1.5), (4, 3.25)):
        cut = melody(number)[round(begin_s * RATE_HZ) : round((begin_s + 4) * RATE_HZ)]
        soundfile.write(tmp_path / "cuts" / f"cut{number}.wav", cut, RATE_HZ)
        rows.append({"query": f"cuts/cut{number}.wav", "answer": f"{number}.wav", "time": begin_s})
    with (tmp_path / "cuts.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["query", "answer", "time"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "cuts.csv"


def config(**settings: object) -> ProtocolConfig:
    return ProtocolConfig("l2", lengths=(1, 3, 5), test_ids="all", **settings)  # type: ignore[arg-type]


def test_cuts_are_found_where_they_are_of(melodies: Store, cuts: Path, tmp_path: Path) -> None:
    report = evaluate_space(melodies, str(cuts), config(), out=tmp_path / "out")
    # 4 s are 7 segments; three of each cut leave room for 5 segments. 3.25 s lies between two segments.
    assert (report.strict, report.database_rows, report.dummy_rows) == (True, 90, 45)
    assert (report.queries, report.asked) == (21, (21, 15, 9))
    assert report.hits[EXACT][2] >= 100 * 6 / 9 - 1e-9
    assert report.hits[NEAR][2] >= 100 * 6 / 9 - 1e-9
    rows = list(csv.DictReader((tmp_path / "out" / "queries.csv").read_text().splitlines()))
    assert {Path(row["query"]).name for row in rows} == {"cut1.wav", "cut2.wav", "cut4.wav"}
    exact = [row for row in rows if row["query"].endswith("cut2.wav") and row["segments"] == "5"]
    assert [(Path(row["answer"]).name, row["answer_segment"], row["exact"]) for row in exact] == [
        ("2.wav", "3", "1"),
        ("2.wav", "4", "1"),
        ("2.wav", "5", "1"),
    ]


def test_an_answer_may_be_a_path_in_another_folder(melodies: Store, cuts: Path) -> None:
    expected = from_store(melodies, str(cuts)).truth
    cuts.write_text(cuts.read_text().replace(",2.wav", ",fma/002/2.wav"))
    np.testing.assert_array_equal(from_store(melodies, str(cuts)).truth, expected)
    cuts.write_text(cuts.read_text(), encoding="utf-8-sig")  # as spreadsheets write CSV
    np.testing.assert_array_equal(from_store(melodies, str(cuts)).truth, expected)


def test_a_query_that_cannot_be_read_is_left_out_and_told(
    melodies: Store, cuts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = from_store(melodies, str(cuts))
    (cuts.parent / "cuts" / "cut2.wav").write_text("no audio")
    cuts.write_text(cuts.read_text() + "cuts/gone.wav,1.wav,0\n")
    material = from_store(melodies, str(cuts))
    np.testing.assert_array_equal(material.queries, np.delete(whole.queries, slice(7, 14), axis=0))
    assert material.source.endswith("cuts.csv (2 cannot be read)")
    assert [name in caplog.text for name in ("cut1.wav", "cut2.wav", "gone.wav")] == [False, True, True]
    cuts.write_text("query,answer,time\ncuts/gone.wav,1.wav,0\n")
    with pytest.raises(NotFound, match="holds no queries that can be read"):
        from_store(melodies, str(cuts))


def test_where_queries_lie_and_what_is_a_dummy(melodies: Store, cuts: Path) -> None:
    material = from_store(melodies, str(cuts))
    assert material.dummies == 45
    assert material.database_songs is not None
    names = [Path(name).name for name in material.database_songs.names]
    assert set(names[:3]) == {"0.wav", "3.wav", "5.wav"}
    begins = {name: int(begin) for name, begin in zip(names, material.database_songs.bounds, strict=False)}
    expected = [begins["1.wav"] + np.arange(7), begins["2.wav"] + 3 + np.arange(7)]
    np.testing.assert_array_equal(material.truth[:14], np.concatenate(expected))
    assert material.truth[14] in (begins["4.wav"] + 6, begins["4.wav"] + 7)
    # the very same second has the very same vector
    np.testing.assert_allclose(material.queries[:7], material.database.take(material.truth[:7]), atol=1e-5)


def test_queries_from_a_folder_and_a_space(melodies: Store, tmp_path: Path, melody: Melody) -> None:
    store = melodies
    renamed = tmp_path / "queries"
    renamed.mkdir()
    for number in (1, 3):
        soundfile.write(renamed / f"{number}.flac", melody(number)[: 4 * RATE_HZ], RATE_HZ)
    (renamed / "._1.flac").write_bytes(b"\0\5\x16\7")  # what macOS leaves beside a file on other disks
    by_name = evaluate_space(store, str(renamed), config())
    assert by_name.hits[EXACT] == by_name.hits[SONG] == (100, 100, 100)
    itself = evaluate_space(store, f"space:{store.space().name}", config())
    assert (itself.hits[EXACT], itself.dummy_rows) == ((100, 100, 100), 0)
    where = "duration_s > 0"
    assert evaluate_space(store, f"space:{store.space().name}", config(), where=where).database_rows == 90


def test_queries_of_a_view_are_no_part_of_the_database(melodies: Store, tmp_path: Path, melody: Melody) -> None:
    shutil.copytree(melodies.path, tmp_path / "library")
    store = Store.open(tmp_path / "library")
    soundfile.write(tmp_path / "2.wav", 0.9 * melody(2)[: 5 * RATE_HZ], RATE_HZ)
    store.add_sources([Source(str(tmp_path / "2.wav"))])
    store.embed_with(store.encoder(store.space()))
    replica = store.clips(["clip_id"], where="duration_s < 6").column(0).to_pylist()
    plan = store.prune("random", keep=1.0, where="duration_s < 6", duplicate_score=0)
    plan.save("replicas")
    material = from_store(store, "view:replicas")
    assert len(replica) == 1
    assert (len(material.database), len(material.queries), material.dummies) == (90, 9, 75)
    report = evaluate_space(store, "view:replicas", config())
    assert report.hits[EXACT] == (100, 100, 100)


def test_segments_without_a_vector_shift_nothing(melodies: Store, tmp_path: Path) -> None:
    shutil.copytree(melodies.path, tmp_path / "library")
    store = Store.open(tmp_path / "library")
    space, table = f"space:{store.space().name}", table_of(store.space())
    whole, rows = from_store(store, space), store.clips(["clip_id", "uris"]).sort_by("clip_id").to_pylist()
    missing = {0: [0], 2: [4, 5], 5: [0, 1, 9]}  # of 15 segments each
    for clip, segments in missing.items():
        store.tables.delete(table, all_of(equals("clip_id", rows[clip]["clip_id"]), is_in("segment", segments)) or "")
    gone = [15 * clip + segment for clip, segments in missing.items() for segment in segments]
    torn = from_store(store, space)
    assert torn.unbroken is not None
    assert torn.unbroken.tolist() == [0, 14, 29, 33, 42, 57, 72, 79, 84]
    assert torn.database_songs is not None
    assert torn.database_songs.bounds.tolist() == [0, 14, 29, 42, 57, 72, 84]
    np.testing.assert_array_equal(torn.truth, np.arange(84))
    np.testing.assert_allclose(torn.queries, np.delete(whole.queries, gone, axis=0), atol=1e-6)
    # of whole files, a segment that is not there has no row, and all others have theirs
    files = from_store(store, str(melodies.path.parent))
    clip_of = {Path(row["uris"][0]).name: clip for clip, row in enumerate(rows)}
    assert files.query_songs is not None
    order = [15 * clip_of[Path(name).name] + segment for name in files.query_songs.names for segment in range(15)]
    there = ~np.isin(order, gone)
    np.testing.assert_array_equal(files.truth >= 0, there)
    np.testing.assert_allclose(files.queries[there], files.database.take(files.truth[there]), atol=1e-4)
    report = evaluate_space(store, space, config())
    assert report.hits[EXACT] == (100, 100, 100)
    assert report.asked == (84, 84 - 8 * 2, sum(size - 4 for size in (14, 15, 9, 15, 15, 7, 5)))


def test_what_cannot_be(melodies: Store, cuts: Path, tmp_path: Path, kinds_store: Store) -> None:
    store = melodies
    (cuts.parent / "empty").mkdir()
    with pytest.raises(UsageError, match="say all, a number"):
        evaluate_space(store, str(cuts), ProtocolConfig())
    with pytest.raises(NotFound, match="does not exist"):
        from_store(store, str(tmp_path / "none"))
    with pytest.raises(NotFound, match="holds no queries"):
        from_store(store, str(cuts.parent / "empty"))
    with pytest.raises(UsageError, match="one vector per clip"):
        from_store(kinds_store, str(cuts))
    path = tmp_path / "odd.csv"
    path.write_text("query,answer,time\nx.wav,1.wav,soon\n")
    with pytest.raises(BadInput, match="query, answer, time"):
        from_store(store, str(path))
    path.write_text(f"query,answer,time\n{tmp_path}/cuts/cut1.wav,unknown.wav,0\n")
    with pytest.raises(UsageError, match="no query has its recording"):
        evaluate_space(store, str(path), config())


def test_a_space_is_held_once(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> None:
    for seed in range(3):
        make_wav(f"{seed}.wav", seed=seed)
    store.add(tmp_path / "audio")
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    matrix = np.random.default_rng(0).standard_normal((3, 10_000, 64)).astype(np.float32)
    for name, count in (("made", 10_000), ("asked", 20)):
        starts = 0.5 * np.arange(count, dtype=np.float32)
        clips = [Segments(starts, rows[:count]) for rows in matrix]
        Writer(store.tables, imported_space(store.tables, name, 64, "")).write(ids, clips)
    tracemalloc.start()
    material = from_store(store, "space:asked", space="made")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(material.database), material.dummies, len(material.queries)) == (30_000, 0, 60)
    np.testing.assert_allclose(material.database.take(material.truth), material.queries, atol=1e-6)
    assert peak < 1.6 * matrix.nbytes
