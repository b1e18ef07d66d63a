"""Waveform crops of clips, cut out of the source files: a random piece of each clip, another one every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio.clip import read_mono
from ..errors import BadInput, NotFound, UsageError
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from .fetch import Fetched, Rows, empty_batch
from .inputs import chance

PADS = ("repeat", "zero")


@dataclass(frozen=True)
class CropConfig:
    """Crops of `seconds`, mono, at `sample_rate_hz`; clips that are shorter are repeated, or followed by zeros.

    seed: of the starts, which depend on (seed, epoch, clip_id) alone: the same crops in every view.
    """

    seconds: float
    sample_rate_hz: int = 22_050
    pad: str = "repeat"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError(f"a crop of {self.seconds} s at {self.sample_rate_hz} Hz holds no sample")
        if self.pad not in PADS:
            raise UsageError(f"pad is {self.pad!r}; short clips can be filled up by {' or '.join(PADS)}")

    @property
    def samples(self) -> int:
        """Length of a crop."""
        return round(self.seconds * self.sample_rate_hz)


class CropReader:
    """Reads one crop of each clip asked for; only the crop is decoded, not the file."""

    def __init__(self, clips: Sequence[Clip], config: CropConfig) -> None:
        self._clips, self._config = clips, config

    def fetch(self, rows: Rows, epoch: int) -> Fetched:
        """Return float32[m, samples]: a crop of each clip at `rows`; those that cannot be read are named instead."""
        batch = empty_batch(len(rows), self._config.samples)
        crops = batch.numpy()
        read: list[int] = []
        skipped: dict[str, str] = {}
        for row in rows.tolist():
            try:
                crops[len(read)] = self._crop(self._clips[row], epoch)
                read.append(row)
            except (BadInput, NotFound, OSError) as error:
                skipped[self._clips[row].clip_id] = str(error)
        return Fetched(np.array(read, dtype=np.int64), batch[: len(read)], skipped)

    def _crop(self, clip: Clip, epoch: int) -> Float32:
        config = self._config
        file = Path(clip.path).stat()
        if (file.st_mtime_ns, file.st_size) != (clip.mtime_ns, clip.size_bytes):
            raise BadInput(f"{clip.path} has changed since it was added; run `echodex add` on it again")
        length_s = config.samples / config.sample_rate_hz
        start_s = crop_start_s(config.seed, epoch, clip, length_s)
        found = read_mono(
            clip.path,
            config.sample_rate_hz,
            offset_s=clip.offset_s + start_s,
            duration_s=min(length_s, clip.duration_s - start_s),
        )
        return filled(found, config.samples, config.pad)


def crop_start_s(seed: int, epoch: int, clip: Clip, length_s: float) -> float:
    """Return where in the clip the crop of an epoch starts: uniform over all places where it fits, else 0."""
    share = chance(seed, epoch, clip.clip_id) / 2**63
    return share * max(clip.duration_s - length_s, 0.0)


def filled(waveform: Float32, samples: int, pad: str) -> Float32:
    """Return float32[samples]: the waveform cut, repeated or followed by zeros."""
    if len(waveform) >= samples:
        return waveform[:samples]
    if pad == "repeat":
        return np.resize(waveform, samples)
    return np.pad(waveform, (0, samples - len(waveform)))
