from __future__ import annotations

import io
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import BadInput, NotFound, UsageError
from echodex.schemas.hit import Match
from echodex.store.spaces import table_of
from echodex.store.where import is_in

Samples = NDArray[np.float64]
RATE = 8000
HOP_S = 0.5


def melody(seed: int, seconds: float, notes_per_s: float = 4.0) -> Samples:
    """Notes that never repeat, with some breath."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    notes = int(seconds * notes_per_s)
    pitches = np.repeat(random.uniform(100, 3500, notes), -(-count // notes))[:count]
    return np.asarray(0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / RATE) + 0.01 * random.standard_normal(count))


def told(matches: list[Match]) -> list[tuple[str, float, float, float, float]]:
    return [(Path(m.path).stem, m.query_start_s, m.query_end_s, m.clip_start_s, m.clip_end_s) for m in matches]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 20 melodies of 12 s, in half-second segments."""
    folder = tmp_path_factory.mktemp("identify")
    (folder / "audio").mkdir()
    for seed in range(20):
        soundfile.write(folder / "audio" / f"{seed}.wav", melody(seed, 12), RATE)
    store = Store.open(folder / "library")
    store.add(folder / "audio")
    store.embed("dummy", settings={"window_s": HOP_S, "bands": 32})
    return folder


@pytest.fixture
def store(made: Path) -> Store:
    return Store.open(made / "library")


@pytest.fixture
def query(tmp_path: Path) -> Path:
    return tmp_path / "query.wav"


def write(path: Path, *parts: Samples) -> Path:
    soundfile.write(path, np.concatenate(parts), RATE)
    return path


def test_a_cut_is_found_at_its_place(store: Store, query: Path) -> None:
    [found] = store.identify(write(query, melody(3, 12)[2 * RATE : 8 * RATE]))
    assert told([found]) == [("3", 0.0, 6.0, 2.0, 8.0)]
    assert found.score == pytest.approx(1, abs=1e-4)
    assert found.confidence > 0.99
    assert found.segments == 12
    assert found.clip_id in store.vectors().positions()


def test_a_cut_between_segments_is_found_to_within_a_hop(tmp_path: Path, query: Path) -> None:
    for seed in range(20):
        write(tmp_path / "audio" / f"{seed}.wav", melody(seed, 40, 0.4)) if seed else (tmp_path / "audio").mkdir()
    store = Store.open(tmp_path / "library")
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": HOP_S, "bands": 32})
    found = store.identify(write(query, melody(5, 40, 0.4)[int(7.7 * RATE) : int(27.7 * RATE)]))
    assert found
    for match in found:  # windows that lie across each other's borders differ, so that there may be several
        assert Path(match.path).stem == "5"
        assert match.clip_start_s - match.query_start_s == pytest.approx(7.7, abs=HOP_S)
    assert sum(match.query_end_s - match.query_start_s for match in found) > 6  # of 20: the rest is not 99.9 % sure


def test_a_cut_half_a_hop_off_is_found_at_a_quarter_of_a_hop(store: Store, query: Path) -> None:
    write(query, melody(3, 12)[int(2.25 * RATE) : 8 * RATE])
    [found] = store.identify(query)
    assert found.clip_start_s - found.query_start_s == pytest.approx(2.25, abs=1e-6)
    assert found.score == pytest.approx(1, abs=1e-4)
    assert (found.query_start_s, found.segments) == (0.25, 11)
    for one in store.identify(query, phases=1):
        assert one.clip_start_s - one.query_start_s in (2.0, 2.5)
        assert one.score < 0.999


def test_two_excerpts_and_a_stranger_give_two_ranges(store: Store, query: Path) -> None:
    first, second = melody(3, 12)[2 * RATE : 8 * RATE], melody(11, 12)[6 * RATE :]
    found = store.identify(write(query, first, melody(99, 5), second))
    assert told(found) == [("3", 0.0, 6.0, 2.0, 8.0), ("11", 11.0, 17.0, 6.0, 12.0)]
    assert told(store.identify(query, limit=1)) in ([told(found)[0]], [told(found)[1]])


def test_a_stranger_matches_nothing_unless_asked_how_well(store: Store, query: Path) -> None:
    write(query, melody(99, 20))
    assert store.identify(query) == []
    loosely = store.identify(query, min_score=0.6)
    assert loosely
    assert all(m.score > 0.6 and m.confidence < 0.95 for m in loosely)


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_silence_matches_nothing_but_goes_on_within_a_match(tmp_path: Path, query: Path, level: float) -> None:
    (tmp_path / "audio").mkdir()
    random = np.random.default_rng(0)
    quiet = [level * random.standard_normal(4 * RATE) for _ in range(8)]
    for seed in range(6):
        paused = np.concatenate([melody(seed, 4), quiet[seed], melody(seed + 50, 4)])
        soundfile.write(tmp_path / "audio" / f"{seed}.wav", paused if seed < 3 else melody(seed, 12), RATE)
    store = Store.open(tmp_path / "library")
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": HOP_S, "bands": 32})
    write(query, melody(100, 4), quiet[6], melody(101, 4))
    assert store.identify(query) == []
    assert all(m.query_end_s <= 4.5 or m.query_start_s >= 7.5 for m in store.identify(query, min_score=0.999))
    write(query, quiet[7])
    assert store.identify(query) == store.identify(query, min_score=0.5) == []
    write(query, melody(1, 4), quiet[1], melody(51, 4))
    [match] = store.identify(query)
    assert told([match]) == [("1", 0.0, 12.0, 0.0, 12.0)]
    assert match.score == pytest.approx(1, abs=1e-4)
    assert match.segments == 24


def test_rare_strangers_that_resemble_each_other_do_not_match(tmp_path: Path, query: Path) -> None:
    (tmp_path / "audio").mkdir()
    random = np.random.default_rng(0)
    for seed in range(150):
        write(tmp_path / "audio" / f"melody{seed}.wav", melody(seed, 4))
    hum = np.sin(2 * np.pi * 700 * np.arange(4 * RATE) / RATE)
    for seed in range(20):
        write(tmp_path / "audio" / f"hum{seed}.wav", 0.2 * hum + 0.02 * random.standard_normal(4 * RATE))
    store = Store.open(tmp_path / "library")
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": HOP_S, "bands": 32})
    assert store.identify(write(query, 0.2 * hum + 0.02 * random.standard_normal(4 * RATE))) == []
    assert [name for name, *_ in told(store.identify(write(query, melody(3, 4)[: 3 * RATE])))] == ["melody3"]


def test_within_a_view_or_filter(store: Store, made: Path, query: Path) -> None:
    write(query, melody(3, 12)[: 6 * RATE], melody(4, 12)[: 6 * RATE])
    path = str(made / "audio" / "3.wav")
    assert [name for name, *_ in told(store.identify(query))] == ["3", "4"]
    assert [name for name, *_ in told(store.identify(query, where=f"array_contains(uris, '{path}')"))] == ["3"]


def test_a_stream_gives_what_its_file_gives(store: Store, query: Path) -> None:
    write(query, melody(99, 3), melody(3, 12)[2 * RATE : 8 * RATE])
    assert store.identify(io.BytesIO(query.read_bytes())) == store.identify(query) != []
    with pytest.raises(BadInput, match="the query's stream cannot be used"):
        store.identify(io.BytesIO(b"not audio"))


def test_ten_minutes_give_every_range(store: Store, query: Path) -> None:
    """Parts that lie across the seams of the stretches in which a query is heard."""
    parts = [melody(100 + n, 46) if n % 2 else melody(n, 12) for n in range(20)]
    starts = np.cumsum([0, *map(len, parts)]) / RATE
    found = store.identify(write(query, *parts))
    expected = [(str(n), starts[n], starts[n + 1], 0.0, 12.0) for n in range(0, 20, 2)]
    assert told(found) == expected


def test_what_is_removed_or_added_is_seen_at_once(made: Path, tmp_path: Path, query: Path) -> None:
    shutil.copytree(made / "library", tmp_path / "library")
    store = Store.open(tmp_path / "library")
    write(query, melody(50, 12)[2 * RATE : 8 * RATE], melody(3, 12)[2 * RATE : 8 * RATE])
    assert [name for name, *_ in told(store.identify(query))] == ["3"]
    store.add(write(tmp_path / "50.wav", melody(50, 12)))
    store.embed("dummy", settings={"window_s": HOP_S, "bands": 32})
    found = store.identify(query)
    assert told(found) == [("50", 0.0, 6.0, 2.0, 8.0), ("3", 6.0, 12.0, 2.0, 8.0)]
    store.tables.delete(table_of(store.space()), is_in("clip_id", [found[1].clip_id]))
    assert told(store.identify(query)) == [("50", 0.0, 6.0, 2.0, 8.0)]
    store.tables.delete("clips", is_in("clip_id", [found[0].clip_id]))
    assert store.identify(query) == []


def test_what_cannot_be_asked(store: Store, made: Path, tmp_path: Path, query: Path) -> None:
    write(query, melody(3, 2))
    with pytest.raises(UsageError, match="a cosine from -1 to 1"):
        store.identify(query, min_score=1.5)
    with pytest.raises(UsageError, match="at least 1"):
        store.identify(query, limit=0)
    with pytest.raises(NotFound, match="nowhere"):
        store.identify(tmp_path / "nowhere.wav")
    shutil.copytree(made / "library", tmp_path / "library")
    other = Store.open(tmp_path / "library")
    segments = other.space().name
    other.embed("dummy")
    with pytest.raises(UsageError, match=f"has one vector per clip.*use --space {segments}$"):
        other.identify(query)
    assert other.identify(query, space=segments) == store.identify(query)


def test_a_match_is_plain(store: Store, query: Path) -> None:
    [found] = store.identify(write(query, melody(3, 12)))
    assert all(isinstance(value, str | float | int) for value in asdict(found).values())
