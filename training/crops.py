"""Waveform crops of clips, random pieces of each, others every epoch: out of the store's table of waveforms where it
holds the clip at that rate, else out of the source file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..audio.clip import read_mono
from ..errors import BadInput, NotFound, UsageError
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from ..store.waveforms import Waveforms
from .fetch import Fetched, Rows, empty_batch
from .inputs import chance

PADS = ("repeat", "zero")
_MARGIN_SAMPLES = 256
"""What is decoded before and after a crop, and dropped: more than the resampler's filter reaches."""
_GRID_HZ = 25
"""A crop is decoded from a multiple of 1/25 s on, where the samples of all usual rates coincide."""


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
    """Reads the crops of each clip asked for: those in the table of waveforms all together, the others file by file.

    Both ways give the same samples, but for the 16 bits of the table, and for stereo files of which some passages are
    in anti-phase: the table was mixed down as a whole. Only the crop is read, or decoded, not the clip.
    """

    def __init__(self, clips: Sequence[Clip], config: CropConfig, waveforms: Waveforms | None = None) -> None:
        """Take waveforms of the same clips, in the same order; None where there is no table."""
        self._clips, self._config, self._waveforms = clips, config, waveforms

    def fetch(self, rows: Rows, epoch: int) -> Fetched:
        """Return float32[m, samples], or float32[m, crops, samples] with several: crops of each clip at `rows`.

        Clips that cannot be read are named instead.
        """
        config, skipped = self._config, {}
        batch = empty_batch(len(rows), config.crops * config.samples).view(len(rows), config.crops, config.samples)
        crops = batch.numpy()
        starts = [crop_starts(config, epoch, self._clips[row]) for row in rows]
        held = np.zeros(len(rows), bool) if self._waveforms is None else self._waveforms.held[rows]
        if self._waveforms is not None and held.any():
            self._from_table(self._waveforms, rows, starts, crops, np.flatnonzero(held))
        for place in np.flatnonzero(~held).tolist():
            try:
                self._from_file(self._clips[rows[place]], starts[place], crops[place])
            except (BadInput, NotFound, OSError) as error:
                skipped[place] = str(error)
        if skipped:
            left = np.delete(np.arange(len(rows)), list(skipped))
            names = {self._clips[rows[place]].clip_id: reason for place, reason in skipped.items()}
            return Fetched(rows[left], self._shaped(batch[torch.from_numpy(left)]), names)
        return Fetched(rows, self._shaped(batch))

    def _shaped(self, batch: torch.Tensor) -> torch.Tensor:
        return batch[:, 0] if self._config.crops == 1 else batch

    def _from_table(
        self, waveforms: Waveforms, rows: Rows, starts: Sequence[Sequence[int]], crops: Float32, places: Rows
    ) -> None:
        """Read the crops at `places` of the batch in one go."""
        pieces = [crop for place in places for crop in crops[place]]
        lengths = waveforms.read(
            np.repeat(rows[places], self._config.crops).tolist(),
            [start for place in places for start in starts[place]],
            pieces,
        )
        for piece, length in zip(pieces, lengths, strict=True):
            fill_up(piece, length, self._config.pad)

    def _from_file(self, clip: Clip, starts: Iterable[int], crops: Float32) -> None:
        file = Path(clip.path).stat()
        if (file.st_mtime_ns, file.st_size) != (clip.mtime_ns, clip.size_bytes):
            raise BadInput(f"{clip.path} has changed since it was added; run `echodex add` on it again")
        for start, crop in zip(starts, crops, strict=True):
            found = self._decoded(clip, start)
            crop[: len(found)] = found
            fill_up(crop, len(found), self._config.pad)

    def _decoded(self, clip: Clip, start: int) -> Float32:
        """Return up to `samples` of a clip from the sample `start` on: those that decoding it whole would give."""
        rate_hz = self._config.sample_rate_hz
        grid = rate_hz // np.gcd(rate_hz, _GRID_HZ)
        first = max(start - _MARGIN_SAMPLES, 0) // grid * grid
        stop = start + self._config.samples
        first_s, stop_s = first / rate_hz, (stop + _MARGIN_SAMPLES) / rate_hz
        found = read_mono(
            clip.path,
            rate_hz,
            offset_s=clip.offset_s + first_s,
            duration_s=min(stop_s, clip.duration_s) - first_s,
        )
        return found[start - first : stop - first]


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
