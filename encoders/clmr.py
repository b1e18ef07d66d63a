"""CLMR: the contrastively trained SampleCNN, from a published checkpoint or one of your own.

A clip is cut into windows of 59,049 samples (2.68 s at 22,050 Hz), the first at 0, the next a hop later, each whole.
Two rules differ from the published code, which drops the last window of a track even where it is whole:

- where half a hop or more would be left unheard at the end, one more window ends with the clip, so that a clip of 5 s
  is heard to its end (`tail="drop"` leaves that window out);
- a clip shorter than a window is repeated until it fills one. Zeros would pull all short clips towards silence, and the
  published code silently takes another clip instead.

Samples are taken as they are, without normalisation, as in training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import BadInput
from ..schemas.vector import Float32, Segments
from .base import Weights
from .checkpoint import check_shapes, read_state
from .config import build_config
from .inference import forward_each
from .registry import register
from .samplecnn import WINDOW, FoldedSampleCNN, SampleCNN, channels, state_shapes, width_of

_RELEASES = "https://github.com/Spijkervet/CLMR/releases/download"
PUBLISHED = (f"{_RELEASES}/2.0/clmr_checkpoint_10000.zip", f"{_RELEASES}/1.0/clmr_checkpoint_1550.pt")
"""Checkpoints that the authors released, trained on MagnaTagATune; fetched only when a user gives one of these URLs."""


@dataclass(frozen=True)
class ClmrConfig:
    """How a clip becomes segments.

    hop_samples: from one window's start to the next; tail: "cover" or "drop" what whole hops leave at the end;
    pooling: "mean" (one vector per clip, the mean over its windows), "windows" (a segment per window), or "flatten"
    (the network over the whole clip, its frames side by side, as the published pruning forks do: `dim` numbers per
    59,049 samples, so every clip must have as many frames as one of `flatten_s` seconds); width: of the network, in
    multiples of the published one, as its weights have it.
    """

    sample_rate_hz: int = 22_050
    version: int = 1
    hop_samples: int = WINDOW
    tail: str = "cover"
    pooling: str = "mean"
    flatten_s: float = 29.1
    width: float = 1.0

    def __post_init__(self) -> None:
        for key, known in (("version", (1,)), ("tail", ("cover", "drop")), ("pooling", ("mean", "windows", "flatten"))):
            if getattr(self, key) not in known:
                choices = ", ".join(map(str, known))
                raise BadInput(f"ClmrConfig.{key} must be one of {choices}, not {getattr(self, key)!r}")
        channels(self.width)  # raises for one that is none
        if self.hop_samples < 1 or self.sample_rate_hz < 1:
            raise BadInput("ClmrConfig.hop_samples and ClmrConfig.sample_rate_hz must be at least 1")
        if not math.isfinite(self.flatten_s) or self.frames < 1:
            raise BadInput(f"ClmrConfig.flatten_s must be at least {WINDOW / self.sample_rate_hz:.3f}: one window")

    @property
    def frames(self) -> int:
        """Frames of a clip of `flatten_s` seconds."""
        return round(self.flatten_s * self.sample_rate_hz) // WINDOW


@register("clmr")
class Clmr:
    """SampleCNN's representation (512-d at width 1), per window or pooled; needs the weights of a checkpoint."""

    name: ClassVar[str]

    def __init__(self, config: ClmrConfig, weights: Weights, *, device: str | None = None) -> None:
        check_shapes(
            {name: array.shape for name, array in weights.items()},
            state_shapes(config.width),
            "encoder 'clmr': the state",
        )
        self.config = config
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        with torch.device("meta"):  # draws no random numbers for weights that are replaced
            network = SampleCNN(width=config.width)
        network.load_state_dict({name: _tensor(array) for name, array in weights.items()}, assign=True)
        self._weights = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
        self._network = FoldedSampleCNN(network).to(device).eval()

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        """Return the encoder with `weights` under the published state names; raise BadInput where there are none."""
        if not weights:
            raise BadInput(
                "encoder 'clmr' needs trained weights: give a checkpoint file, or the URL of a published one such as "
                + PUBLISHED[0]
            )
        width = width_of({name: array.shape for name, array in weights.items()})
        return cls(build_config(ClmrConfig, {"width": width, **config}), weights)

    @staticmethod
    def read_weights(path: Path) -> Weights:
        """Return the encoder's arrays from a checkpoint file; raise NotFound or BadInput."""
        return read_state(path, lambda found: state_shapes(width_of(found)))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return channels(self.config.width)[-1] * (self.config.frames if self.config.pooling == "flatten" else 1)

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the network's arrays under the published state names."""
        return dict(self._weights)

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        """Return the segments of each waveform (float32[n], mono); raise BadInput, naming the position of one unfit."""
        for position, waveform in enumerate(waveforms):
            self._check(position, waveform)
        if not waveforms:
            return []
        if self.config.pooling == "flatten":
            return [self._segments([0], row[None]) for row in self._forward(waveforms)]
        starts = [window_starts(len(waveform), self.config) for waveform in waveforms]
        windows = [cut(waveform, start) for waveform, of in zip(waveforms, starts, strict=True) for start in of]
        vectors = np.split(self._forward(windows), np.cumsum([len(of) for of in starts])[:-1])
        if self.config.pooling == "mean":
            return [self._segments([0], rows.mean(axis=0, keepdims=True)) for rows in vectors]
        return [self._segments(of, rows) for of, rows in zip(starts, vectors, strict=True)]

    def _check(self, position: int, waveform: Float32) -> None:
        if not len(waveform) or not np.isfinite(waveform).all():
            raise BadInput(f"waveform {position} is empty or not finite, so encoder 'clmr' has no vector for it")
        frames = self.config.frames
        if self.config.pooling == "flatten" and len(waveform) // WINDOW != frames:
            raise BadInput(
                f"waveform {position} has {len(waveform)} samples, but pooling 'flatten' with flatten_s="
                f"{self.config.flatten_s} takes {frames * WINDOW} to {(frames + 1) * WINDOW - 1}; "
                "clips of unequal length need pooling 'mean'"
            )

    def _forward(self, windows: Sequence[Float32]) -> Float32:
        vectors = forward_each(self._network, windows)
        if not np.isfinite(vectors).all():
            raise BadInput("encoder 'clmr' gives values that are not finite, so its weights are damaged; give others")
        return vectors

    def _segments(self, starts: list[int], vectors: Float32) -> Segments:
        return Segments(np.array(starts, np.float32) / np.float32(self.config.sample_rate_hz), vectors)


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    """Return a copy, as float32 unless it counts."""
    return torch.from_numpy(np.array(array, np.float32 if array.dtype.kind == "f" else np.int64))


def window_starts(length: int, config: ClmrConfig) -> list[int]:
    """Return the first sample of each window of a clip of `length` samples."""
    starts = list(range(0, max(length - WINDOW, 0) + 1, config.hop_samples))
    unheard = length - (starts[-1] + WINDOW)
    if config.tail == "cover" and 2 * unheard >= config.hop_samples:
        starts.append(length - WINDOW)
    return starts


def cut(waveform: Float32, start: int) -> Float32:
    """Return float32[59049]: the window at sample `start`; a shorter clip is repeated until it fills one."""
    return waveform[start : start + WINDOW] if len(waveform) >= WINDOW else np.resize(waveform, WINDOW)
