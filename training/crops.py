"""Waveform crops of clips: random pieces of each, others every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..errors import UsageError
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from ..store.waveforms import Waveforms
from .fetch import Fetched, Rows, empty_batch
from .inputs import chance
from .pieces import PieceReader

PADS = ("repeat", "zero")


@dataclass(frozen=True)
class CropConfig:
    """Crops of `seconds`, mono, at `sample_rate_hz`; clips that are shorter are repeated, or followed by zeros.

    crops: how many of each clip, independent of each other. seed: of the starts, which depend on (seed, epoch, clip_id,
    number of the crop) alone: the same crops in every view.
    """

    seconds: float
    sample_rate_hz: int = 22_050
    pad: str = "repeat"
    seed: int = 0
    crops: int = 1

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError(f"a crop of {self.seconds} s at {self.sample_rate_hz} Hz holds no sample")
        if self.pad not in PADS:
            raise UsageError(f"pad is {self.pad!r}; short clips can be filled up by {' or '.join(PADS)}")
        if self.crops < 1:
            raise UsageError(f"{self.crops} crops of a clip were asked for; it must be at least 1")

    @property
    def samples(self) -> int:
        """Length of a crop."""
        return round(self.seconds * self.sample_rate_hz)


class CropReader:
    """Reads the crops of each clip asked for, as PieceReader reads pieces."""

    def __init__(self, clips: Sequence[Clip], config: CropConfig, waveforms: Waveforms | None = None) -> None:
        """Take waveforms of the same clips, in the same order; None where there is no table."""
        self._config, self._pieces = config, PieceReader(clips, config.sample_rate_hz, waveforms)

    def fetch(self, rows: Rows, epoch: int) -> Fetched:
        """Return float32[m, samples], or float32[m, crops, samples] with several: crops of each clip at `rows`.

        Clips that cannot be read are named instead.
        """
        config, clips = self._config, self._pieces.clips
        batch = empty_batch(len(rows), config.crops * config.samples).view(len(rows), config.crops, config.samples)
        crops = batch.view(-1, config.samples).numpy()
        starts = [start for row in rows for start in crop_starts(config, epoch, clips[row])]
        lengths, unread = self._pieces.read(np.repeat(rows, config.crops).tolist(), starts, list(crops))
        for number, length in lengths.items():
            fill_up(crops[number], length, config.pad)
        if unread:
            skipped = {number // config.crops: reason for number, reason in unread.items()}
            left = np.delete(np.arange(len(rows)), list(skipped))
            names = {clips[rows[place]].clip_id: reason for place, reason in skipped.items()}
            return Fetched(rows[left], self._shaped(batch[torch.from_numpy(left)]), names)
        return Fetched(rows, self._shaped(batch))

    def _shaped(self, batch: torch.Tensor) -> torch.Tensor:
        return batch[:, 0] if self._config.crops == 1 else batch


def crop_starts(config: CropConfig, epoch: int, clip: Clip) -> list[int]:
    """Return at which sample of the clip each crop starts: uniform over all places where it fits, else 0."""
    places = max(round(clip.duration_s * config.sample_rate_hz) - config.samples, 0) + 1
    drawn = [chance(config.seed, epoch, clip.clip_id)]
    drawn += [chance(config.seed, epoch, clip.clip_id, number) for number in range(1, config.crops)]
    return [number * places >> 63 for number in drawn]


def fill_up(crop: Float32, length: int, pad: str) -> None:
    """Fill a crop of which the first `length` samples are there: with these again and again, or with zeros."""
    if length < len(crop):
        crop[length:] = np.resize(crop[:length], len(crop) - length) if pad == "repeat" else 0.0
