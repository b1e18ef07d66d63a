"""Cuts of the store's own clips, drawn by a seed: what a query is of, and where it truly lies."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput, NotFound, UsageError
from ...schemas.clip import Clip
from ...schemas.vector import Float32
from ...store.clip_audio import read_clip

CONTEXT_S = 0.5
"""What is heard before a cut, so that a room rings as it would."""

SPARE = 1.05
"""What is read of a cut over its length, for damage that makes it shorter."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cut:
    """`seconds` of a clip from `start_s` on, as query `number` of the seed that it was drawn by."""

    number: int
    clip: Clip
    start_s: float
    seconds: float

    @property
    def context_s(self) -> float:
        """Seconds before the cut that the clip has, up to CONTEXT_S."""
        return min(CONTEXT_S, self.start_s)

    def read(self, sample_rate_hz: int) -> tuple[Float32, int]:
        """Return a mono waveform float32[n] at a rate, and how many samples of it are context before the cut.

        It goes on after the cut as far as SPARE says, where the clip does. Raises NotFound, BadInput.
        """
        begin_s = self.start_s - self.context_s
        wanted_s = min(self.context_s + SPARE * self.seconds, self.clip.duration_s - begin_s)
        waveform = read_clip(self.clip, sample_rate_hz, from_s=begin_s, seconds=wanted_s)
        return waveform[: round(wanted_s * sample_rate_hz)], round(self.context_s * sample_rate_hz)


def draw_cuts(clips: Iterable[Clip], count: int, seconds: float, least_s: float, seed: int) -> list[Cut]:
    """Return `count` cuts of `seconds`, or of the whole clip where it is shorter, of clips of at least `least_s`.

    Each clip is drawn once before any is drawn again; where in a clip is uniform. Raises UsageError where no clip is
    long enough.
    """
    usable = sorted((clip for clip in clips if clip.duration_s >= least_s), key=lambda clip: clip.clip_id)
    if not usable:
        raise UsageError(f"no clip is {least_s:g} s long; ask for shorter queries")
    random = np.random.default_rng(seed)
    order = np.concatenate([random.permutation(len(usable)) for _ in range(-(-count // len(usable)))])[:count]
    cuts = []
    for number, which in enumerate(order.tolist()):
        clip = usable[which]
        length_s = min(seconds, clip.duration_s)
        cuts.append(Cut(number, clip, random.uniform(0.0, clip.duration_s - length_s), length_s))
    return cuts


def read_cuts(cuts: Sequence[Cut], sample_rate_hz: int, lost: set[str]) -> Iterator[tuple[Cut, Float32, int]]:
    """Yield each cut, its waveform and its context, as `Cut.read` returns them, in order.

    A cut of a file that cannot be read any more is passed over; the file is logged, once, and added to `lost`.
    """
    for cut in cuts:
        try:
            waveform, context = cut.read(sample_rate_hz)
        except (NotFound, BadInput) as error:
            if cut.clip.path not in lost:
                logger.warning("%s; its cuts are left out of the evaluation", error)
            lost.add(cut.clip.path)
        else:
            yield cut, waveform, context


def none_left(lost: set[str]) -> NotFound:
    """Return the error for an evaluation all of whose files are lost."""
    return NotFound(
        f"none of {len(lost)} files can be read any more, {min(lost)} among them; put them back or add them from their "
        "new place"
    )


def told(lost: int) -> str:
    """Return what a report says of so many files that could not be read, as the end of its header."""
    return f"; {lost} file{'s' if lost > 1 else ''} left out that cannot be read any more" if lost else ""
