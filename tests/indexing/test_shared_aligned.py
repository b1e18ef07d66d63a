from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import UsageError
from echodex.schemas.hit import DuplicateGroup

RATE = 8000
Samples = NDArray[np.float64]


def melody(seed: int, seconds: float, take: int = 0) -> Samples:
    """Notes that never repeat, four a second; takes of one melody are the same notes, each struck at another phase."""
    random, player = np.random.default_rng(seed), np.random.default_rng([seed, take])
    count = int(4 * seconds)
    pitches = np.repeat(random.uniform(100, 3500, count), RATE // 4)
    struck = np.repeat(player.uniform(0, 2 * np.pi, count), RATE // 4)
    breath = 0.01 * player.standard_normal(len(pitches))
    return np.asarray(0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / RATE + struck) + breath)


@pytest.fixture
def library(store: Store, tmp_path: Path) -> Store:
    """Melodies of 12 s; "cut" ends with seven seconds of recording 3 that begin at its second second, "take" is another
    take of 3.
    """
    (tmp_path / "audio").mkdir()
    made = {str(seed): melody(seed, 12) for seed in range(20)}
    made["cut"] = np.concatenate([melody(100, 4), made["3"][2 * RATE : 9 * RATE]])
    made["take"] = melody(3, 12, take=1)
    for name, samples in made.items():
        soundfile.write(tmp_path / "audio" / f"{name}.wav", samples, RATE)
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": 0.5, "bands": 32})
    return store


def names(group: DuplicateGroup) -> set[str]:
    return {Path(member.path).stem for member in group.members}


def test_only_what_waveforms_bear_out_is_shared(library: Store) -> None:
    [alike] = library.duplicates(by="segments")
    assert names(alike) == {"3", "cut", "take"}
    [group] = library.duplicates(by="segments", verify="audio")
    assert names(group) == {"3", "cut"}
    [stretch] = group.members[1].stretches
    assert {stretch.start_s, stretch.representative_start_s} == {4.0, 2.0}
    assert stretch.end_s - stretch.start_s == 7.0


def test_what_nothing_bears_out_is_no_group(library: Store) -> None:
    [path] = (
        member.path
        for group in library.duplicates(by="segments")
        for member in group.members
        if Path(member.path).stem == "cut"
    )
    assert library.duplicates(by="segments", verify="audio", where=f"not array_contains(uris, '{path}')") == []


def test_fingerprints_verify_no_segments(library: Store) -> None:
    with pytest.raises(UsageError, match="whole clips: use by='clips', verify='audio'"):
        library.duplicates(by="segments", verify="fingerprint")
