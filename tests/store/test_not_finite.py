"""Vectors that are no numbers: never stored, whoever made them, and told of the clip; the other clips have theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from echodex.api import Store
from echodex.encoders import registry
from echodex.encoders.base import Weights
from echodex.encoders.config import build_config
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.errors import BadInput
from echodex.schemas.clip import Reason
from echodex.schemas.vector import Float32, Segments
from echodex.store.vectors import Writer

MakeWav = Callable[..., Path]
ODD_SAMPLES = 1600
"""The length of the one clip of which the encoders below make what is no number."""


@dataclass(frozen=True)
class HoleyConfig:
    sample_rate_hz: int = 8000
    version: int = 1
    hole: float = np.nan


@registry.register("holey")
class Holey:
    """The dummy's vectors, but for clips of ODD_SAMPLES: one number of theirs is `hole`."""

    name: ClassVar[str]

    def __init__(self, config: HoleyConfig) -> None:
        self.config = config

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        assert not weights
        return cls(build_config(HoleyConfig, config))

    @property
    def dim(self) -> int:
        return 16

    def weights(self) -> Weights:
        return {}

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        return [Segments(np.zeros(1, np.float32), self._vector(waveform)[None]) for waveform in waveforms]

    def _vector(self, waveform: Float32) -> Float32:
        vector: Float32 = Dummy(DummyConfig()).encode([waveform])[0].vectors[0].copy()
        if len(waveform) == ODD_SAMPLES:
            vector[3] = self.config.hole
        return vector


@registry.register("holey-fit")
class HoleyFit(Holey):
    """The same with a last layer that is fitted: a shift by the mean."""

    fit_min_clips: ClassVar[int] = 3
    fit_max_clips: ClassVar[int] = 6

    def __init__(self, config: HoleyConfig, mean: Float32) -> None:
        super().__init__(config)
        self.mean = mean

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        return cls(build_config(HoleyConfig, config), (weights or {"mean": np.zeros(16, np.float32)})["mean"])

    def weights(self) -> Weights:
        return {"mean": self.mean}

    def describe(self, waveforms: Sequence[Float32]) -> Float32:
        return np.stack([self._vector(waveform) for waveform in waveforms])

    def fit(self, raw: Float32) -> Self:
        return type(self)(self.config, raw.mean(axis=0))

    def project(self, raw: Float32) -> Float32:
        return raw - self.mean

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        return [Segments(np.zeros(1, np.float32), row[None]) for row in self.project(self.describe(waveforms))]


@pytest.fixture
def folder(make_wav: MakeWav) -> Path:
    """Four clips, and one of which the encoders make what is no number."""
    for seed in range(4):
        make_wav(f"{seed}.wav", seed=seed)
    return make_wav("odd.wav", seed=9, seconds=ODD_SAMPLES / 8000).parent


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_clip_of_which_an_encoder_makes_no_numbers_has_no_vector(store: Store, folder: Path, hole: float) -> None:
    store.add(folder)
    report = store.embed("holey", settings={"hole": hole})
    assert report.embedded == 4
    assert [(Path(found.path).name, found.reason) for found in report.problems] == [("odd.wav", Reason.NON_FINITE)]
    assert np.isfinite(store.vectors("holey").matrix).all()
    assert [found.reason for found in store.embed("holey", settings={"hole": hole}).problems] == [Reason.NON_FINITE]


def test_adding_goes_on_and_tells(store: Store, folder: Path) -> None:
    report = store.add(folder, embed="holey")
    assert report.added == 5
    assert [(Path(found.path).name, found.reason) for found in report.problems] == [("odd.wav", Reason.NON_FINITE)]
    assert len(store.vectors("holey").clip_ids) == 4


@pytest.mark.parametrize(("hole", "at_once"), [(np.nan, True), (np.nan, False), (np.inf, False)])
def test_a_fit_is_not_spoilt_by_one_clip(store: Store, folder: Path, hole: float, at_once: bool) -> None:
    store.add(folder, embed="holey-fit" if at_once else None)
    problems = store.embed("holey-fit", settings={"hole": hole}).problems
    assert [(Path(found.path).name, found.reason) for found in problems] == [("odd.wav", Reason.NON_FINITE)]
    found = store.vectors("holey-fit", normalise=False)
    assert len(found.clip_ids) == 4
    np.testing.assert_allclose(found.matrix.mean(axis=0), 0, atol=1e-6)  # the mean of just these four


def test_the_writer_stores_no_such_vector_and_names_the_clip(store: Store, folder: Path) -> None:
    store.add(folder)
    store.embed("dummy")
    space = store.space("dummy")
    good, bad = np.ones((1, 16), np.float32), np.full((1, 16), np.inf, np.float32)
    segments = [Segments(np.zeros(1, np.float32), vectors) for vectors in (good, bad)]
    with pytest.raises(BadInput, match=r"'theirs'.*NaN or infinity"):
        Writer(store.tables, space).write(["mine", "theirs"], segments)
    assert store.tables.count(f"vectors_{space.name}") == 5
    overflow = Segments(np.zeros(1, np.float32), np.full((1, 16), 1e300))  # finite until it is stored as float32
    with pytest.raises(BadInput, match="'theirs'"), np.errstate(over="ignore"):
        Writer(store.tables, space).write(["theirs"], [overflow])
