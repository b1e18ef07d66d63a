from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from echodex.pruning.choice import choose
from echodex.pruning.config import PruneConfig
from echodex.pruning.wishes import no_wishes, preferred, weights_of

CLIPS = pa.table(
    {
        "decoded_s": [10.0, 30.01, 30.0, 5.0],
        "codec": ["mp3", "FLAC", "PCM_16", "vorbis"],
        "sample_rate_hz": [48000, 44100, 44100, 8000],
        "channels": [2, 2, 1, 1],
        "labels": pa.array([["a"], [], None, ["b", "c"]], pa.list_(pa.string())),
    }
)


@pytest.mark.parametrize(
    ("prefer", "places"), [("longer", [1, 0, 0, 2]), ("quality", [2, 0, 1, 3]), ("labelled", [0, 1, 1, 0])]
)
def test_places_and_weights(prefer: str, places: list[int]) -> None:
    found = preferred(CLIPS, prefer)
    assert found.tolist() == places
    weights = weights_of(found)
    assert weights.dtype == np.float32
    assert weights[found == 0].tolist() == [2.0] * places.count(0)
    assert weights.min() == 1
    assert np.array_equal(np.argsort(-weights, kind="stable"), np.argsort(found, kind="stable"))


def test_where_all_are_alike_every_weight_is_neutral() -> None:
    assert weights_of(np.zeros(3, np.int64)).tolist() == [1.0, 1.0, 1.0]


def test_preferred_clips_are_picked_sooner(blobs: Callable[..., NDArray[np.float32]]) -> None:
    matrix = blobs(2, 40, noise=20)
    weights = np.where(np.arange(100) % 2 == 0, 2.0, 1.0).astype(np.float32)
    config = PruneConfig(min_cluster_size=5, min_samples=3, keep=0.5)
    prefer = np.zeros(100, np.int64)
    plain = choose(matrix, prefer, config)
    weighted = choose(matrix, prefer, config, replace(no_wishes(100), weights=weights))
    half = [(choice.rank[::2] < 50).sum() for choice in (plain, weighted)]
    assert half[1] > half[0]


def test_pinned_duplicates_both_stay_and_take_the_others(blobs: Callable[..., NDArray[np.float32]]) -> None:
    matrix = blobs(2, 20)
    matrix = np.concatenate([matrix, matrix[:1], matrix[:1], matrix[1:2]])
    pinned = np.isin(np.arange(43), [0, 41])
    choice = choose(matrix, np.zeros(43, np.int64), PruneConfig(), replace(no_wishes(43), pinned=pinned))
    assert choice.duplicate_of[[0, 40, 41, 42]].tolist() == [0, 0, 41, 1]
    assert choice.selected[[0, 41]].all()
    assert sorted(choice.rank[[0, 41]].tolist()) == [0, 1]
    assert choice.required == 2
