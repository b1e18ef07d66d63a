from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.encoders.base import Weights
from echodex.encoders.config import build_config
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.encoders.registry import ENCODERS
from echodex.errors import NotFound, UsageError
from echodex.indexing.sequence.hop import uniform_hop_s
from echodex.schemas.vector import Segments, Space
from echodex.store.spaces import imported_space, table_of
from echodex.store.vectors import Writer
from echodex.store.where import is_in

RATE = 8000


@pytest.fixture
def empty(store: Store) -> Space:
    """A space of no segment, of an encoder that does not say its hop."""
    return imported_space(store.tables, "made", 4, "")


def hop_s(store: Store, space: Space, clips: Sequence[Sequence[tuple[int, float]]]) -> float:
    """The hop of clips, each of segments by number and start."""
    rows = [segment for clip in clips for segment in clip]
    first = np.array([number == 0 for clip in clips for number in range(len(clip))], dtype=np.bool_)
    segments, starts_s = (np.array([row[part] for row in rows]) for part in (0, 1))
    return uniform_hop_s(store, space, first, segments.astype(np.int32), starts_s.astype(np.float32))


@pytest.mark.parametrize(
    "clips",
    [
        [[(0, 0.0), (1, 0.5), (2, 1.0)]],
        [[(0, 0.0)], [(0, 0.0), (1, 0.5)]],
        [[(2, 1.0), (3, 1.5)], [(5, 2.5)]],  # the first segments have no vector
        [[(0, 0.0), (3, 1.5), (4, 2.0)], [(7, 3.5)]],  # nor has any clip a second
        [[(0, 0.0), (1, 0.5), (2, 0.7)], [(0, 0.0), (1, 0.2)]],  # what is left at the end is heard in a last one
    ],
)
def test_the_hop_is_told_by_the_segments_that_are_there(
    store: Store, empty: Space, clips: Sequence[Sequence[tuple[int, float]]]
) -> None:
    assert hop_s(store, empty, clips) == pytest.approx(0.5)


def test_what_has_no_hop(store: Store, empty: Space) -> None:
    with pytest.raises(UsageError, match=r"space 'made' is empty; `echodex embed fingerprint` makes one that has them"):
        hop_s(store, empty, [])
    with pytest.raises(UsageError, match=r"has one vector per clip.*`echodex embed fingerprint`"):
        hop_s(store, empty, [[(0, 0.0)], [(0, 0.0)]])
    with pytest.raises(UsageError, match="do not start at a uniform hop"):
        hop_s(store, empty, [[(0, 0.0), (1, 0.5), (2, 1.1), (3, 1.5)]])
    Writer(store.tables, empty).write(["a"], [Segments(np.arange(2, dtype=np.float32), np.eye(2, 4, dtype=np.float32))])
    with pytest.raises(UsageError, match=r"use --space made$"):
        hop_s(store, empty, [])


@dataclass(frozen=True)
class SecondsConfig(DummyConfig):
    """Segments of a second each."""

    bands: int = 32
    window_s: float = 1.0
    hop_s: float = 1.0


class Seconds(Dummy):
    """An encoder of a user's own, whose configuration says its hop."""

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Seconds:
        """Return the encoder; it has no weights."""
        return cls(build_config(SecondsConfig, config))


def sweep(seed: int) -> NDArray[np.float32]:
    """A second of tones that jump, with some noise."""
    random = np.random.default_rng(seed)
    tones = 0.3 * np.sin(2 * np.pi * np.cumsum(np.repeat(random.uniform(300, 3500, 20), RATE // 20)) / RATE)
    return np.asarray(tones + 0.01 * random.standard_normal(RATE), np.float32)


def test_clips_of_one_segment_are_found_in_what_is_longer(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ENCODERS, "classes", dict(ENCODERS.classes))
    ENCODERS.register("seconds")(Seconds)
    (tmp_path / "audio").mkdir()
    for seed in range(12):
        soundfile.write(tmp_path / "audio" / f"{seed}.wav", sweep(seed), RATE)
    store.add(tmp_path / "audio")
    store.embed("seconds")
    soundfile.write(tmp_path / "query.wav", np.concatenate([sweep(100), sweep(7), sweep(101)]), RATE)
    [found] = store.identify(tmp_path / "query.wav", min_score=0.9999)
    assert (Path(found.path).name, found.query_start_s, found.clip_start_s) == ("7.wav", 1.0, 0.0)
    store.tables.delete(table_of(store.space()), is_in("clip_id", store.clips(["clip_id"]).column(0).to_pylist()))
    with pytest.raises(NotFound, match="holds no vectors"):
        store.identify(tmp_path / "query.wav")
