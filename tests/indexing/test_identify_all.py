from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.encoders.registry import ENCODERS
from echodex.errors import BadInput, UsageError
from echodex.indexing.identify_all import identify_stream
from echodex.indexing.sequence import batch
from echodex.indexing.sequence.finder import Asked
from echodex.progress import Progress
from echodex.schemas.vector import Float32, Segments

RATE = 8000
HOP_S = 0.5
Samples = NDArray[np.float64]


def melody(seed: int, seconds: float) -> Samples:
    """Notes that never repeat, with some breath."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    pitches = np.repeat(random.uniform(100, 3500, int(seconds * 4)), RATE // 4)
    return np.asarray(0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / RATE) + 0.01 * random.standard_normal(count))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 12 melodies of 10 s, and queries: a cut of 3, a stranger, no audio, a cut of 5 after half a hop."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "audio").mkdir()
    for seed in range(12):
        soundfile.write(folder / "audio" / f"{seed}.wav", melody(seed, 10), RATE)
    store = Store.open(folder / "library")
    store.add(folder / "audio")
    store.embed("dummy", settings={"window_s": HOP_S, "bands": 32})
    soundfile.write(folder / "cut.wav", melody(3, 10)[2 * RATE : 8 * RATE], RATE)
    soundfile.write(folder / "stranger.wav", melody(99, 6), RATE)
    (folder / "text.wav").write_text("no audio")
    soundfile.write(folder / "late.wav", melody(5, 10)[int(1.25 * RATE) : 7 * RATE], RATE)
    return folder


@pytest.fixture
def store(made: Path) -> Store:
    return Store.open(made / "library")


def queries(made: Path) -> list[str]:
    return [str(made / name) for name in ("cut.wav", "stranger.wav", "text.wav", "gone.wav", "late.wav")]


def lines(folder: Path) -> list[list[str]]:
    return [line.split("\t") for line in (folder / batch.ANSWERS).read_text().splitlines()]


def test_answers_are_written_as_pfann_writes_them(store: Store, made: Path, tmp_path: Path) -> None:
    asked = queries(made)
    report = store.identify_all(asked, tmp_path / "out")
    assert (report.queries, report.known, report.matched, report.unmatched, report.errors) == (5, 0, 2, 1, 2)
    answers = [str(made / "audio/3.wav"), batch.NO_MATCH, batch.ERROR, batch.ERROR, str(made / "audio/5.wav")]
    assert lines(tmp_path / "out") == [list(pair) for pair in zip(asked, answers, strict=True)]
    with (tmp_path / "out" / batch.DETAIL).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [tuple(rows[0]), [row["answer"] for row in rows]] == [batch.HEADER, answers]
    assert [row["time"] for row in rows] == ["2.000", "nan", "nan", "nan", "1.250"]
    assert [float(row["score"]) > 0.9 for row in rows] == [True, False, False, False, True]  # each is a number
    for row in (rows[0], rows[4]):
        parts = [float(part) for part in row["part_scores"].split()]
        assert float(row["score"]) == pytest.approx(np.mean(parts), abs=1e-4)
    songs = (tmp_path / "out" / batch.SONGS).read_text().splitlines()
    assert sorted(songs) == sorted(str(path) for path in (made / "audio").iterdir())
    table = np.fromfile(tmp_path / "out" / batch.SCORES, np.float32).reshape(5, 12, 2)
    for query, name, offset_s in ((0, "3", 2.0), (4, "5", 1.25)):
        best = int(np.argmax(table[query, :, 0]))
        assert songs[best] == str(made / "audio" / f"{name}.wav")
        assert table[query, best] == pytest.approx([1, offset_s], abs=1e-3)
    assert not table[2:4].any()


def test_song_scores_are_those_of_every_way_to_lay_the_query(store: Store, made: Path, tmp_path: Path) -> None:
    store.identify_all([str(made / "stranger.wav")], tmp_path / "out", phases=1)
    table = np.fromfile(tmp_path / "out" / batch.SCORES, np.float32).reshape(12, 2)
    encoder = store.encoder(store.space())
    query = encoder.encode([soundfile.read(made / "stranger.wav", dtype="float32")[0]])[0].vectors
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    songs = (tmp_path / "out" / batch.SONGS).read_text().splitlines()
    best = int(np.argmax(table[:, 0]))
    clip = encoder.encode([soundfile.read(songs[best], dtype="float32")[0]])[0].vectors
    clip /= np.linalg.norm(clip, axis=1, keepdims=True)
    cosines = np.pad(query @ clip.T, ((0, 0), (len(query), len(query))))
    ways = [float(np.trace(cosines, len(query) + shift)) / len(query) for shift in range(1 - len(query), len(clip))]
    assert table[best, 0] == pytest.approx(max(ways), abs=1e-3)
    assert table[best, 1] == pytest.approx((int(np.argmax(ways)) + 1 - len(query)) * HOP_S)


class Stop(Exception):
    """What stops a batch in a test."""


def stopping_after(count: int) -> Progress:
    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "identify" and done == count:
            raise Stop

    return progress


@pytest.mark.parametrize("torn", ["", "half a li"])
def test_a_stopped_batch_goes_on(store: Store, made: Path, tmp_path: Path, torn: str) -> None:
    asked = queries(made)
    store.identify_all(asked, tmp_path / "whole")
    with pytest.raises(Stop):
        store.identify_all(asked, tmp_path / "out", progress=stopping_after(2))
    with (tmp_path / "out" / batch.ANSWERS).open("a") as tsv, (tmp_path / "out" / batch.DETAIL).open("a") as detail:
        tsv.write(torn)
        detail.write(torn)
    told: list[int] = []
    report = store.identify_all(asked, tmp_path / "out", progress=lambda stage, done, _: told.append(done))
    assert report.known == 2
    assert told[-3:] == [3, 4, 5]
    for name in (batch.ANSWERS, batch.DETAIL, batch.SCORES, batch.SONGS):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


class Quiet(Dummy):
    """An encoder that is beyond its range when a waveform is loud."""

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each waveform."""
        if any(np.abs(waveform).max() > 0.5 for waveform in waveforms):
            raise BadInput("'quiet' gives values that are not finite, so its weights are damaged; give others")
        return super().encode(waveforms)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Quiet:
    """An encoder of a user's own, registered while a test runs."""
    monkeypatch.setattr(ENCODERS, "classes", dict(ENCODERS.classes))
    ENCODERS.register("quiet")(Quiet)
    return Quiet(DummyConfig(window_s=HOP_S, bands=32))


def test_an_encoder_that_fails_ends_the_batch_and_a_bad_file_is_told(
    made: Path, tmp_path: Path, quiet: Quiet, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.open(tmp_path / "library")
    store.add(made / "audio")
    store.embed_with(quiet)
    soundfile.write(tmp_path / "loud.wav", 3 * melody(3, 10)[2 * RATE : 8 * RATE], RATE)
    asked = [*queries(made)[2:], str(tmp_path / "loud.wav"), queries(made)[0]]
    with pytest.raises(BadInput, match="its weights are damaged"):
        store.identify_all(asked, tmp_path / "out")
    answers = [batch.ERROR, batch.ERROR, str(made / "audio/5.wav")]
    assert [answer for _, answer in lines(tmp_path / "out")] == answers
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 2
    for path, reason in zip(asked, ("unreadable", "does not exist"), strict=False):
        assert any(path in line and reason in line for line in told)
    shutil.copy(made / "late.wav", tmp_path / "loud.wav")
    report = store.identify_all(asked, tmp_path / "out")
    assert (report.known, report.matched, report.errors) == (3, 3, 2)


def test_another_batch_is_not_mixed_in(store: Store, made: Path, tmp_path: Path) -> None:
    store.identify_all(queries(made), tmp_path / "out")
    changes: list[tuple[list[str], dict[str, Any]]] = [(queries(made)[1:], {}), (queries(made), {"min_score": 0.5})]
    for asked, settings in changes:
        with pytest.raises(UsageError, match="another batch"):
            store.identify_all(asked, tmp_path / "out", **settings)
    (tmp_path / "own").mkdir()
    shutil.copy(made / "text.wav", tmp_path / "own" / batch.ANSWERS)
    with pytest.raises(UsageError, match="of no batch"):
        store.identify_all(queries(made), tmp_path / "own")
    with pytest.raises(UsageError, match="no query"):
        store.identify_all([], tmp_path / "none")


def test_a_path_with_a_tab_is_one_field(store: Store, made: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a\tb\nc.wav"
    shutil.copy(made / "cut.wav", odd)
    store.identify_all([str(odd)], tmp_path / "out")
    assert lines(tmp_path / "out") == [[batch.one_line(str(odd)), str(made / "audio/3.wav")]]
    assert batch.one_line("a\tb\\\n") == "a\\tb\\\\\\n"


@pytest.mark.parametrize("block", [400, 3001, 20_000])
def test_a_stream_tells_each_match_once_and_soon(store: Store, block: int) -> None:
    parts = [melody(99, 4), melody(3, 10)[2 * RATE :], melody(98, 30), melody(5, 10), melody(3, 10)[: 5 * RATE]]
    samples = np.concatenate(parts).astype(np.float32)
    heard_s = 0.0

    def blocks() -> Any:
        nonlocal heard_s
        for start in range(0, len(samples), block):
            heard_s = min(start + block, len(samples)) / RATE
            yield samples[start : start + block]

    found = []
    for match in identify_stream(store, blocks(), RATE, Asked()):
        found.append((Path(match.path).stem, round(match.query_start_s - match.clip_start_s, 2)))
        assert match.query_end_s <= heard_s + 1e-6
        assert heard_s - match.query_start_s < 7 + block / RATE
    assert found == [("3", 2.0), ("5", 42.0), ("3", 52.0)]


def test_what_drifts_is_told_once(tmp_path: Path) -> None:
    """A broadcast that leaves out a quarter of a second every ten: in the end it is 1.25 s ahead."""
    store, song = Store.open(tmp_path / "library"), melody(3, 60)
    soundfile.write(tmp_path / "song.wav", song, RATE)
    for seed in range(4, 12):
        soundfile.write(tmp_path / f"{seed}.wav", melody(seed, 10), RATE)
    store.add(tmp_path)
    store.embed("dummy", settings={"window_s": HOP_S, "bands": 32})
    parts = [song[round((10 * part + 0.25) * RATE) : 10 * (part + 1) * RATE] for part in range(6)]
    samples = np.concatenate(parts).astype(np.float32)
    blocks = [samples[start : start + 4000] for start in range(0, len(samples), 4000)]
    found = list(identify_stream(store, blocks, RATE, Asked()))
    assert [Path(match.path).stem for match in found] == ["song"]
