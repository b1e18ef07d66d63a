"""What plays in a stream that does not end: matches as they become sure, in bounded memory and time.

The last WINDOW_S seconds are matched again whenever STEP_S more have come. A match is told once, as soon as it is sure;
while it goes on, and where it is found again at the same place of the same clip, it is not told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...audio.resample import Resampler
from ...schemas.hit import Match
from ...schemas.vector import Float32
from .finder import Finder

WINDOW_S = 20.0
"""Seconds that are matched together: from a few on a match is sure, and more only makes the others wait."""

STEP_S = 1.0

SURE = 0.999
"""Confidence of a match that is told, even where a threshold of the user's finds others: a stream is asked thousands of
times an hour, a file once.
"""

SAME_S = 1.0
"""How far the offset of a match may move before it is another one."""


@dataclass
class _Told:
    """A match that was told: how much earlier its clip begins than the stream, where it was heard last, and until when.

    What plays a little too fast lies ever elsewhere: after a minute at one percent by more than SAME_S.
    """

    clip_id: str
    offset_s: float
    end_s: float


class Stream:
    """Takes the waveform of a stream in pieces of any length."""

    def __init__(self, finder: Finder, sample_rate_hz: int) -> None:
        self._finder = finder
        self._rate_hz: int = finder.encoder.config.sample_rate_hz
        self._resampler = Resampler(sample_rate_hz, self._rate_hz)
        self._hop = round(finder.timeline.hop_s * self._rate_hz)
        self._held = np.empty(0, dtype=np.float32)
        self._begin = 0  # the sample of the stream at which what is held begins
        self._asked = 0  # the sample of the stream up to which it was matched
        self._told: list[_Told] = []

    def push(self, samples: Float32) -> list[Match]:
        """Take in float32[n], mono; return the matches that have become sure. Times are from the stream's start."""
        return self._add(self._resampler.push(samples), STEP_S)

    def finish(self) -> list[Match]:
        """Return the matches that the end has made sure."""
        return self._add(self._resampler.finish(), 0.0)

    def _add(self, samples: Float32, step_s: float) -> list[Match]:
        self._held = np.concatenate([self._held, samples])
        new: list[Match] = []
        step = max(1, round(step_s * self._rate_hz))
        end = self._begin + len(self._held)
        while end - self._asked >= step:
            self._asked = min(end, self._asked + round(STEP_S * self._rate_hz))
            new += self._ask()
        return new

    def _ask(self) -> list[Match]:
        """Match what is held up to where it is asked now, then let go of what is too long ago."""
        begin_s = self._begin / self._rate_hz
        heard = self._finder.hear(self._held[: self._asked - self._begin])
        matches = [_later(match, begin_s) for match in self._finder.matches(heard) if match.confidence >= SURE]
        new = [match for match in matches if self._is_new(match)]
        spare = self._asked - self._begin - round(WINDOW_S * self._rate_hz)
        if spare > 0:
            whole = -(-spare // self._hop) * self._hop
            self._held, self._begin = self._held[whole:].copy(), self._begin + whole
        self._told = [told for told in self._told if told.end_s > self._begin / self._rate_hz - WINDOW_S]
        return sorted(new, key=lambda match: match.query_start_s)

    def _is_new(self, match: Match) -> bool:
        offset_s = match.clip_start_s - match.query_start_s
        for told in self._told:
            if told.clip_id == match.clip_id and abs(told.offset_s - offset_s) <= SAME_S:
                if match.query_end_s >= told.end_s:
                    told.offset_s, told.end_s = offset_s, match.query_end_s
                return False
        self._told.append(_Told(match.clip_id, offset_s, match.query_end_s))
        return True


def follow(finder: Finder, blocks: Iterable[Float32], sample_rate_hz: int) -> Iterator[Match]:
    """Yield what plays in a stream of blocks float32[n], mono, each match as soon as it is sure."""
    stream = Stream(finder, sample_rate_hz)
    for block in blocks:
        yield from stream.push(block)
    yield from stream.finish()


def _later(match: Match, seconds: float) -> Match:
    return replace(match, query_start_s=match.query_start_s + seconds, query_end_s=match.query_end_s + seconds)
