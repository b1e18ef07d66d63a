from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.indexing.sequence.alarms import FalseAlarms, false_alarms
from echodex.indexing.sequence.finder import Asked, open_finder

RATE = 8000


NOTES_HZ = 110 * 2 ** (np.arange(12) * 5 / 12)


def melody(seed: int, seconds: float) -> NDArray[np.float32]:
    """Four notes a second, of twelve that all melodies share, so that strangers have segments in common."""
    random = np.random.default_rng(seed)
    pitches = np.repeat(random.choice(NOTES_HZ, int(4 * seconds)), RATE // 4)
    breath = 0.01 * random.standard_normal(len(pitches))
    return np.asarray(0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / RATE) + breath, dtype=np.float32)


def test_strangers_raise_no_alarm_and_the_known_do(store: Store, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    for seed in range(30):
        soundfile.write(tmp_path / "audio" / f"{seed}.wav", melody(seed, 10), RATE, subtype="FLOAT")
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": 0.5, "bands": 32})
    finder = open_finder(store, store.space(), Asked())
    strangers = [finder.hear(melody(1000 + number, 1 + number % 5)) for number in range(300)]
    found = false_alarms(finder, strangers)
    assert (found.queries, found.alarms) == (300, ())
    assert found.rate_at_most < 0.01
    # they are hard to tell apart: a threshold a little lower than what is measured lets them all in
    lenient = false_alarms(open_finder(store, store.space(), Asked(min_score=0.99)), strangers[:20])
    assert lenient.rate > 0.9
    known = false_alarms(finder, [strangers[4], finder.hear(melody(4, 10)[RATE : 8 * RATE])])
    assert [number for number, _ in known.alarms] == [1]
    assert Path(known.alarms[0][1].path).name == "4.wav"


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    assert FalseAlarms(0, ()).rate == 0.0
    assert FalseAlarms(0, ()).rate_at_most == 1.0
    assert FalseAlarms(200, ()).rate_at_most == pytest.approx(1 - 0.05 ** (1 / 200))
