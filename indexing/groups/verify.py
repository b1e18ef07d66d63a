"""Telling by ear: two clips are the same recording only where one waveform, shifted and scaled, explains the other.

Vectors alone cannot tell two renditions of a work, or two presses of a key, from a copy of one recording. Aligned
waveforms can: what is left after subtracting the best match is far below the clip for a copy (re-encoded,
re-levelled, cropped, with some noise) and about as loud as the clip for anything else.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ...audio.align import align
from ...errors import BadInput, NotFound
from ...schemas.clip import Clip
from ...schemas.hit import Alignment
from ...schemas.vector import Float32
from ...store.clip_audio import read_clip
from .recent import Recent

RATE_HZ = 16_000
"""Waveforms are compared up to 8 kHz: lower, a hi-hat would be compared without nearly all of its energy."""

MAX_RESIDUAL_DB = -8.0
"""A clip is the same recording where at most a sixth of its energy is left unexplained. Copies stay below -10 dB
(with other codecs and rates, and noise down to 10 dB below the clip), other recordings, even of short and simple
sounds, above -7.
"""

MIN_OVERLAP = 0.75
"""Share of the shorter clip that must lie on the other: a crop lies on its original whole. Less is common ground, not a
copy, and by chance two clips explain each other over a near-silent half.
"""

CACHE_BYTES = 256 << 20
"""Decoded waveforms kept for the next comparison: more than an hour of audio."""

BATCH = 32
"""Candidates compared with a representative at a time; once a whole batch fails, the less similar rest is not tried.

A noised copy of one of many takes of a sound may rank behind all other takes: 16 would miss it behind 16 of them, and
saves a sixth of the time where there is nothing to find.
"""

logger = logging.getLogger(__name__)


class Verifier:
    """Compares clips by their waveforms, in threads, inside a `with` block. sources: where the audio of each row is."""

    def __init__(self, sources: Sequence[Clip], threads: int) -> None:
        self._sources = sources
        self._waveforms = Recent[Float32 | None](CACHE_BYTES)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="align")

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def same_recording(self, reference: int, candidates: Sequence[int]) -> dict[int, Alignment]:
        """Return those of the rows `candidates` that are the recording `reference`, and how they lie on it.

        candidates: most similar first. A clip that cannot be read any more is the same as no other.
        """
        found: dict[int, Alignment] = {}
        for start in range(0, len(candidates), BATCH):
            batch = candidates[start : start + BATCH]
            alignments = self._pool.map(lambda row: self._align(reference, row), batch)
            same = {row: alignment for row, alignment in zip(batch, alignments, strict=True) if alignment}
            if not same:
                break
            found.update(same)
        return found

    def _align(self, reference: int, other: int) -> Alignment | None:
        """Return how `other` lies on `reference` if they are the same recording, else None."""
        first, second = self._waveform(reference), self._waveform(other)
        if first is None or second is None:
            return None
        found = align(first, second, RATE_HZ)
        shorter_s = min(len(first), len(second)) / RATE_HZ
        same = found.residual_db <= MAX_RESIDUAL_DB and found.overlap_s >= MIN_OVERLAP * shorter_s
        return found if same else None

    def _waveform(self, row: int) -> Float32 | None:
        return self._waveforms.get(row, lambda: _read(self._sources[row]))


def _read(clip: Clip) -> Float32 | None:
    try:
        return read_clip(clip, RATE_HZ)
    except (BadInput, NotFound) as error:
        logger.warning("%s is left out of the comparison: %s", clip.path, error)
        return None
