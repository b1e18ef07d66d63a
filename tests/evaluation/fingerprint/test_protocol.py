from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex.errors import BadInput, UsageError
from echodex.evaluation.fingerprint.layout import Stack, read_layout
from echodex.evaluation.fingerprint.material import Material, from_folder
from echodex.evaluation.fingerprint.protocol import ProtocolConfig, evaluate_material
from echodex.evaluation.fingerprint.report import EXACT, NEAR, SONG, TOP3, TOP10, answers, write_outcome
from echodex.evaluation.fingerprint.songs import songs_of
from echodex.indexing.index.device import gpu_count

KINDS = ("l2", "ivf", "ivfpq", "ivfpq-rr", "hnsw", "pfann")


def slowly(folder: Path, ids: np.ndarray, length: int, k: int = 20) -> np.ndarray:
    """int[t, 4]: exact, near, top 3, top 10 by the steps of the published evaluation, one at a time, exact search."""
    layout = read_layout(folder)
    rows = np.concatenate([layout.dummies, layout.database])
    hits = []
    for test_id in ids:
        truth = test_id + len(layout.dummies)
        query = layout.query[test_id : test_id + length]
        squared = ((query[:, None] - rows[None]) ** 2).sum(axis=2)
        neighbours = np.argsort(squared, axis=1, kind="stable")[:, :k]
        for offset in range(len(neighbours)):
            neighbours[offset] -= offset
        candidates = np.unique(neighbours[neighbours >= 0])
        scores = [np.mean(np.diag(query @ rows[row : row + length].T)) for row in candidates]
        best = candidates[np.argsort(-np.array(scores), kind="stable")][:10]
        hits.append([best[0] == truth, abs(best[0] - truth) <= 1, truth in best[:3], truth in best])
    return np.array(hits).astype(int)


def test_equals_the_published_steps_one_at_a_time(write_published: Callable[..., Path]) -> None:
    folder = write_published(noise=1.3)
    config = ProtocolConfig("l2", lengths=(1, 3, 19), test_ids="all")
    outcome = evaluate_material(from_folder(folder), config)
    np.testing.assert_array_equal(outcome.test_ids, np.arange(99))
    assert (outcome.report.asked, outcome.report.outlasting, outcome.report.short) == ((99,) * 3, (0,) * 3, (0,) * 3)
    assert outcome.raw.shape == (99, 12)
    for place, length in enumerate(config.lengths):
        expected = slowly(folder, outcome.test_ids, length)
        np.testing.assert_array_equal(outcome.raw[:, place::3], expected)
        rates = [outcome.report.hits[name][place] for name in (EXACT, NEAR, TOP3, TOP10)]
        np.testing.assert_allclose(rates, 100 * expected.mean(axis=0))
    assert 10 < outcome.report.hits[EXACT][0] < 90  # the task is neither trivial nor hopeless
    assert outcome.report.hits[EXACT][2] > 95


def test_queries_at_the_end_of_the_array_are_shorter(write_published: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_published()
    np.save(tmp_path / "ids.npy", np.array([117, 110]))
    config = ProtocolConfig("l2", lengths=(1, 19), test_ids=str(tmp_path / "ids.npy"))
    outcome = evaluate_material(from_folder(folder), config)
    expected = np.concatenate([slowly(folder, outcome.test_ids, length) for length in (1, 19)], axis=1)
    np.testing.assert_array_equal(outcome.raw[:, [0, 2, 4, 6, 1, 3, 5, 7]], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_every_published_index(write_published: Callable[..., Path], kind: str) -> None:
    folder = write_published(segments=236, dummies=700, noise=0.3, dim=64)
    config = ProtocolConfig(kind, lengths=(1, 5), test_ids="50", seed=1)
    report = evaluate_material(from_folder(folder, songs="59"), config).report
    assert report.hits[EXACT][1] == 100
    assert min(report.hits[EXACT]) >= 90
    assert report.hits[SONG][1] == 100
    assert all(a <= b <= c for a, b, c in zip(report.hits[EXACT], report.hits[TOP3], report.hits[TOP10], strict=True))
    assert report.trained_on == ("nothing" if kind in ("l2", "hnsw") else "the dummies")
    assert min(report.ms_per_query) > 0
    assert (report.database_rows, report.dummy_rows, report.queries) == (936, 700, 50)


@pytest.mark.gpu
@pytest.mark.skipif(gpu_count() == 0, reason="FAISS finds no GPU here")
@pytest.mark.parametrize("kind", ["l2", "ivf", "ivfpq"])
def test_a_gpu_finds_as_much(write_published: Callable[..., Path], kind: str) -> None:
    material = from_folder(write_published(segments=236, dummies=700, noise=0.3, dim=64))
    found = [
        evaluate_material(material, ProtocolConfig(kind, lengths=(1, 5), test_ids="all", device=device)).report
        for device in ("cpu", "cuda")
    ]
    for name, rates in found[0].hits.items():
        np.testing.assert_allclose(found[1].hits[name], rates, atol=3)


def test_strict_stays_inside_songs(write_published: Callable[..., Path]) -> None:
    folder = write_published()
    config = ProtocolConfig("l2", lengths=(1, 19), test_ids="all", strict=True)
    with pytest.raises(UsageError, match="--songs"):
        evaluate_material(from_folder(folder), config)
    material = from_folder(folder, songs="59")
    outcome = evaluate_material(material, config)
    long = outcome.raw[:, 1] >= 0
    assert outcome.test_ids.tolist() == [*range(118)]
    assert outcome.test_ids[long].tolist() == [*range(41), *range(59, 100)]
    assert (outcome.report.asked, outcome.report.outlasting, outcome.report.short) == ((118, 82), (0, 0), (0, 0))
    assert material.database_songs is not None
    found = outcome.found[long, 1]
    ends = material.database_songs.ends(found)
    assert ((found < 0) | (found < 300) | (found + 19 <= ends)).all()
    assert not ((found >= 282) & (found < 300)).any()  # nor over from the dummies into the first song


def slowly_inside(material: Material, begin: int, length: int, k: int = 20) -> int:
    """The best row for a query, with exact search and no candidate that goes over the border of a song."""
    rows = material.database.take(np.arange(len(material.database)))
    query = material.queries[begin : begin + length]
    neighbours = np.argsort(-query @ rows.T, axis=1, kind="stable")[:, :k] - np.arange(length)[:, None]
    assert material.database_songs is not None
    bounds = [0, *material.database_songs.bounds.tolist()]
    scores = {}
    for row in np.unique(neighbours[neighbours >= 0]).tolist():
        end = min(bound for bound in bounds if bound > row)
        if row + length <= end:
            scores[row] = float(np.mean(np.diag(query @ rows[row : row + length].T)))
    return max(scores, key=lambda row: (scores[row], -row)) if scores else -1


def test_strictly_each_length_is_asked_of_what_is_long_enough(random_rows: Callable[..., np.ndarray]) -> None:
    database = random_rows(130, 1)
    known = database[30:]  # a: 50 segments, b: 30, c: 20
    noisy = known + 0.9 * random_rows(100, 2)
    parts = [noisy[:40], noisy[50:57], noisy[95:100], random_rows(6, 4), random_rows(12, 5)]
    truth = [30 + np.arange(40), 80 + np.arange(7), 125 + np.arange(5), np.full(6, -1)]
    truth.append(np.array([128, 129, *[-1] * 10]))  # goes on after its recording ends
    queries = np.concatenate(parts)
    material = Material(
        queries=(queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32),
        database=Stack((database,)),
        dummies=30,
        truth=np.concatenate(truth).astype(np.int64),
        query_songs=songs_of(["long", "short", "end", "unknown", "outlasting"], [40, 7, 5, 6, 12]),
        database_songs=songs_of(["a", "b", "c"], [50, 30, 20]).after(30),
        source="made",
    )
    lengths = (1, 5, 9, 19)
    outcome = evaluate_material(material, ProtocolConfig("l2", lengths=lengths, test_ids="all", strict=True))
    report = outcome.report
    assert report.asked == (40 + 7 + 5 + 2, 36 + 3 + 1, 32, 22)
    assert report.unanswerable == 6
    assert report.outlasting == (10, 8, 4, 0)
    assert report.short == (0, 0, 3, 4)
    assert report.queries == 54
    for place, length in enumerate(lengths):
        asked = outcome.raw[:, place] >= 0
        best = [slowly_inside(material, begin, length) for begin in outcome.test_ids[asked].tolist()]
        np.testing.assert_array_equal(outcome.found[asked, place, 0], best)
        right = material.truth[outcome.test_ids[asked]] == best
        np.testing.assert_array_equal(outcome.raw[asked, place], right)
        assert report.hits[EXACT][place] == pytest.approx(100 * right.mean())
        assert (outcome.found[~asked, place] == -1).all()
    assert {(row["query"], row["segments"]) for row in answers(outcome, material)} == {
        *(("long", length) for length in lengths),
        *((query, length) for query in ("short", "end") for length in (1, 5)),
        ("outlasting", 1),
    }
    _, rows = report.table()
    assert [row[1:] for row in rows[1:4]] == [report.asked, report.outlasting, report.short]
    assert "up to 54 queries of a length (6 more have no answer)" in report.header()
    drawn = evaluate_material(material, ProtocolConfig("l2", lengths=(1, 9), test_ids="20", strict=True)).report
    assert drawn.asked[0] + drawn.unanswerable + drawn.outlasting[0] >= 20
    assert drawn.asked[1] + drawn.outlasting[1] == 20
    with pytest.raises(UsageError, match="no query of 41 or 60 segments lies inside"):
        evaluate_material(material, ProtocolConfig("l2", lengths=(1, 41, 60), test_ids="all", strict=True))


def test_without_dummies_the_index_learns_from_the_database(write_published: Callable[..., Path]) -> None:
    folder = write_published(segments=590, dim=64)
    (folder / "dummy_db.mm").unlink()
    report = evaluate_material(from_folder(folder), ProtocolConfig(test_ids="20")).report
    assert (report.trained_on, report.dummy_rows, report.database_rows) == ("the database", 0, 590)
    assert report.seconds == (1, 2, 3, 5, 6, 10)


def test_of_too_few_dummies_nothing_is_learned(write_published: Callable[..., Path]) -> None:
    folder = write_published(segments=590, dummies=200, dim=64)
    report = evaluate_material(from_folder(folder), ProtocolConfig(test_ids="20")).report
    assert (report.trained_on, report.dummy_rows, report.database_rows) == ("the database", 200, 790)
    assert report.hits[EXACT][5] == 100


def test_what_is_written(write_published: Callable[..., Path], tmp_path: Path) -> None:
    material = from_folder(write_published(), songs="59")
    outcome = evaluate_material(material, ProtocolConfig("l2", lengths=(1, 3), test_ids="30"))
    write_outcome(tmp_path / "out", outcome, material)
    raw, ids = np.load(tmp_path / "out" / "raw_score.npy"), np.load(tmp_path / "out" / "test_ids.npy")
    assert (raw.shape, raw.dtype, ids.shape, ids.dtype) == ((30, 8), np.int64, (30,), np.int64)
    np.testing.assert_array_equal(raw, outcome.raw)
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert written["hits"][EXACT] == pytest.approx((100 * raw[:, :2].mean(axis=0)).tolist())
    rows = list(csv.DictReader((tmp_path / "out" / "queries.csv").read_text().splitlines()))
    assert len(rows) == 60
    first = rows[0]
    assert int(first["test_id"]) == ids[0]
    assert (first["query"], int(first["query_segment"])) == (str(ids[0] // 59), ids[0] % 59)
    assert (first["answer"], first["answer_segment"]) == (first["query"], first["query_segment"])
    assert [int(row["exact"]) for row in rows[::2]] == raw[:, 0].tolist()
    header, table = outcome.report.table()
    assert header == ["segments", "1", "3"]
    assert [row[0] for row in table] == ["seconds", EXACT, NEAR, TOP3, TOP10, SONG, "ms per query"]


def test_what_cannot_be_evaluated(
    write_published: Callable[..., Path], write_matrix: Callable[[Path, str, np.ndarray], None]
) -> None:
    folder = write_published()
    with pytest.raises(UsageError, match=r"index type 'ivfqp' does not exist; did you mean 'ivfpq'"):
        evaluate_material(from_folder(folder), ProtocolConfig("ivfqp", test_ids="all"))
    too_few = "from at least as many rows, and of 235 it can count on 188; use --index l2, which learns nothing"
    with pytest.raises(UsageError, match=too_few):
        evaluate_material(from_folder(write_published(dummies=117, dim=64)), ProtocolConfig(test_ids="all"))
    enough = from_folder(write_published(dummies=500, dim=64))
    with pytest.raises(UsageError, match="of 100 it can count on 80; use --index l2"):
        evaluate_material(enough, ProtocolConfig(test_ids="all", max_train=100))
    for wrong in ({"lengths": ()}, {"lengths": (0,)}, {"lengths": (1, 1)}, {"k_probe": 0}, {"max_train": 0}):
        with pytest.raises(UsageError):
            ProtocolConfig(**wrong)
    broken = np.array(read_layout(folder).database)
    broken[3, 3] = np.nan
    write_matrix(folder, "db", broken)
    with pytest.raises(BadInput, match="NaN"):
        evaluate_material(from_folder(folder), ProtocolConfig("l2", test_ids="all"))
