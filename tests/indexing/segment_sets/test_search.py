"""`similar --match versions`: the clips that brute force finds, by index or by comparing all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner
from numpy.typing import NDArray

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import BadInput, NotFound, UsageError
from echodex.indexing.segment_sets import search, vectors
from echodex.indexing.segment_sets.distances import VERSIONS
from echodex.indexing.segment_sets.reductions import reduce
from echodex.schemas.vector import Segments, Space, vector_schema
from echodex.store.spaces import table_of
from echodex.store.vectors import Writer

Matrix = NDArray[np.float32]
AddVectors = Callable[..., list[str]]
SEGMENTS, DIM = 6, 16


def works(count: int, versions: int = 3, seed: int = 0) -> Matrix:
    """`versions` clips of each of `count` works, SEGMENTS rows each: the parts of a work in another order, blurred."""
    random = np.random.default_rng(seed)
    parts = random.standard_normal((count, SEGMENTS, DIM))
    shuffled = np.stack([parts[:, random.permutation(SEGMENTS)] for _ in range(versions)], axis=1)
    return (shuffled + 0.4 * random.standard_normal(shuffled.shape)).reshape(-1, DIM).astype(np.float32)


@pytest.fixture
def filled(store: Store, add_vectors: AddVectors) -> tuple[Store, Matrix]:
    """120 clips of 40 works; clip i is of work i // 3."""
    matrix = works(40)
    add_vectors(store, matrix, segments=SEGMENTS)
    return store, matrix.reshape(-1, SEGMENTS, DIM)


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a space that is too large to compare all of it."""
    monkeypatch.setattr(search, "SMALL_BYTES", 4096)


def brute(sets: Matrix, query: Matrix, how: str) -> Matrix:
    unit = sets / np.linalg.norm(sets, axis=-1, keepdims=True)
    own = query / np.linalg.norm(query, axis=-1, keepdims=True)
    cells = 1 - np.einsum("qd,ncd->nqc", own, unit)
    return np.asarray(reduce(torch.from_numpy(cells), how).numpy())


def number(clip_id: str) -> int:
    return int(clip_id.removeprefix("clip"))


@pytest.mark.parametrize("how", ["bpwr-10", "bpwr-3", "min", "meanmin", "smeanmin", "mean", "worst-2", "best-4"])
def test_small_spaces_are_compared_as_a_whole(filled: tuple[Store, Matrix], how: str) -> None:
    store, sets = filled
    expected = brute(sets, sets[7], how)
    order = [row for row in np.argsort(expected, kind="stable") if row != 7]
    hits = store.similar("clip00007", k=12, match="versions", redux=how)
    assert [number(hit.clip_id) for hit in hits] == order[:12]
    assert [hit.score for hit in hits] == pytest.approx(1 - expected[order[:12]], abs=1e-5)


@pytest.fixture
def trained(filled: tuple[Store, Matrix]) -> tuple[Store, Matrix]:
    """The same clips in a space of the encoder `versions`, whose vectors have lengths that count."""
    store, sets = filled
    sets = sets * np.random.default_rng(5).uniform(0.5, 2, (*sets.shape[:2], 1)).astype(np.float32)
    space = Space("clews", VERSIONS, "digest", {}, DIM, "2026-01-01")
    store.tables.create(table_of(space), vector_schema(DIM, space.to_metadata()))
    starts = np.arange(SEGMENTS, dtype=np.float32)
    ids = [f"clip{number:05}" for number in range(len(sets))]
    Writer(store.tables, space).write(ids, [Segments(starts, rows) for rows in sets])
    return store, sets


@pytest.mark.parametrize("small", [True, False], ids=["all", "index"])
def test_vectors_of_versions_are_compared_as_they_were_trained(
    trained: tuple[Store, Matrix], small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not small:
        monkeypatch.setattr(search, "SMALL_BYTES", 4096)
    store, sets = trained
    same = 0
    for clip in (0, 40, 80):
        cells = ((sets[clip][None, :, None] - sets[:, None]) ** 2).mean(axis=-1)
        expected = reduce(torch.from_numpy(cells), "bpwr-10").numpy()
        order = [row for row in np.argsort(expected, kind="stable") if row != clip][:3]
        hits = store.similar(f"clip{clip:05}", k=3, match="versions", space="clews", candidates=25)
        same += len({number(hit.clip_id) for hit in hits} & set(order))
        told = {number(hit.clip_id): hit.score for hit in hits}
        assert all(score == pytest.approx(-expected[row], abs=1e-5) for row, score in told.items())
    assert same == 9 if small else same >= 7


def test_versions_come_first(filled: tuple[Store, Matrix]) -> None:
    store, _ = filled
    for clip in range(0, 120, 7):
        first = store.similar(f"clip{clip:05}", k=2, match="versions")
        assert {number(hit.clip_id) // 3 for hit in first} == {clip // 3}


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize("how", ["bpwr-10", "bpwr-2", "min", "meanmin"])
def test_by_the_index_they_are_those_of_brute_force(filled: tuple[Store, Matrix], how: str) -> None:
    store, sets = filled
    same = 0
    for clip in range(0, 120, 9):
        expected = np.argsort(brute(sets, sets[clip], how), kind="stable")
        hits = store.similar(f"clip{clip:05}", k=3, match="versions", redux=how, candidates=25, neighbours=60)
        same += len({number(hit.clip_id) for hit in hits} & set(expected[expected != clip][:3].tolist()))
    assert same >= 0.9 * 3 * 14
    assert store.indexes(space="made")[0].recipe.level == "segment"


@pytest.mark.usefixtures("indexed")
def test_exact_needs_no_index(filled: tuple[Store, Matrix]) -> None:
    store, sets = filled
    expected = brute(sets, sets[3], "bpwr-10")
    order = [row for row in np.argsort(expected, kind="stable") if row != 3]
    hits = store.similar("clip00003", k=119, match="versions", exact=True)
    assert [number(hit.clip_id) for hit in hits] == order
    assert store.indexes(space="made") == []
    assert [hit.clip_id for hit in store.similar("clip00003", k=119, match="versions", redux="mean")]
    assert store.indexes(space="made") == [], "the mean of all pairs is not told by near ones"


@pytest.mark.usefixtures("indexed")
def test_within_a_filter_all_are_of_it_and_k_of_them(filled: tuple[Store, Matrix]) -> None:
    store, sets = filled
    expected = brute(sets, sets[0], "bpwr-10")
    order = [row for row in np.argsort(expected, kind="stable") if row % 10 == 4][:5]
    hits = store.similar("clip00000", k=5, match="versions", where="array_has(labels, '4')", candidates=20)
    assert [number(hit.clip_id) for hit in hits] == order
    for k in (20, 119):
        assert len(store.similar("clip00000", k=k, match="versions", candidates=5, neighbours=2)) == k


@pytest.mark.usefixtures("indexed")
def test_what_is_kept_in_memory_answers_the_same_and_is_not_kept_too_long(
    filled: tuple[Store, Matrix], add_vectors: AddVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, sets = filled
    monkeypatch.setattr(vectors, "HOLD_AFTER", 1)
    answers = [store.similar("clip00000", k=4, match="versions", candidates=20) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    add_vectors(store, sets[0], first=500, segments=SEGMENTS)
    first = store.similar("clip00000", k=1, match="versions", candidates=20)[0]
    assert number(first.clip_id) == 500


def test_a_hit_says_where_its_nearest_segment_starts(filled: tuple[Store, Matrix]) -> None:
    store, sets = filled
    hit = store.similar(sets[30][2:3], k=1, match="versions")[0]
    assert (number(hit.clip_id), hit.offset_s) == (30, 2.0)
    assert hit.score == pytest.approx(1.0, abs=1e-6)
    assert hit.path == "/clip00030.wav"
    assert store.similar(sets[30][2], k=1, match="versions") == [hit], "one segment alone is a set of one"


def test_clips_of_different_length(store: Store, add_vectors: AddVectors) -> None:
    random = np.random.default_rng(3)
    matrix = random.standard_normal((20 * SEGMENTS, DIM)).astype(np.float32)
    add_vectors(store, matrix, segments=SEGMENTS)
    add_vectors(store, np.concatenate([matrix[:2], matrix[20:22]]), first=50, segments=2)
    hits = store.similar(matrix[:SEGMENTS], k=2, match="versions")
    assert [number(hit.clip_id) for hit in hits] == [0, 50]
    assert [hit.score for hit in hits] == pytest.approx([1, 1])


@pytest.fixture
def heard(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> Store:
    for seed in range(6):
        make_wav(f"{seed}.wav", seed=seed, seconds=1.0)
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": 0.25})
    return store


def test_files_are_asked_as_they_sound(heard: Store, tmp_path: Path) -> None:
    samples, rate = soundfile.read(tmp_path / "audio" / "4.wav")
    soundfile.write(tmp_path / "query.wav", 0.9 * np.roll(samples, rate // 4), rate)
    hit = heard.similar(tmp_path / "query.wav", k=1, match="versions")[0]
    assert Path(hit.path).name == "4.wav"
    own = heard.similar(tmp_path / "audio" / "4.wav", k=6, match="versions")
    assert "4.wav" not in [Path(hit.path).name for hit in own]
    shutil.copy(tmp_path / "audio" / "4.wav", tmp_path / "audio" / "0.wav")
    changed = heard.similar(str(tmp_path / "audio" / "0.wav"), k=1, match="versions")[0]
    assert Path(changed.path).name == "4.wav"
    assert changed.score == pytest.approx(1.0, abs=1e-5)


def test_what_cannot_be_asked(filled: tuple[Store, Matrix]) -> None:
    store, sets = filled
    with pytest.raises(NotFound, match="neither a file nor a usable clip"):
        store.similar("nowhere", match="versions")
    with pytest.raises(BadInput, match="shape"):
        store.similar(sets[0][:, :4], match="versions")
    with pytest.raises(BadInput, match="NaN"):
        store.similar(np.full(DIM, np.nan, np.float32), match="versions")
    with pytest.raises(UsageError, match="does not exist"):
        store.similar("clip00001", match="versions", redux="bestmin")
    with pytest.raises(UsageError, match="at least 1"):
        store.similar("clip00001", match="versions", k=0)
    with pytest.raises(UsageError, match="index"):
        store.similar("clip00001", match="versions", index="flat")
    with pytest.raises(UsageError, match="redux"):
        store.similar("clip00001", redux="min")


def test_at_the_command_line(filled: tuple[Store, Matrix]) -> None:
    store, _ = filled
    words = ["--store", str(store.path), "--quiet", "similar", "clip00007", "--match", "versions", "-k", "2"]
    done = CliRunner().invoke(cli, [*words, "--redux", "bpwr-5", "--exact"], catch_exceptions=False)
    assert done.exit_code == 0
    assert {line.split()[-1] for line in done.stdout.splitlines()[1:]} == {"/clip00006.wav", "/clip00008.wav"}
