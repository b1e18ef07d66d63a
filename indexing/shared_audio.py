"""Clips that share audio, told by their segments: groups, and which stretch of one is which of the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import EchodexError
from ..progress import Progress, silent
from ..schemas.decision import UNDECIDED, Decided
from ..schemas.hit import SharedStretch
from ..schemas.manifest import SEGMENT
from ..schemas.vector import Space
from .groups.turns import turns_of
from .index.opened import mended
from .sequence.background import Background, background
from .sequence.diagonals import Rows
from .sequence.finder import MAX_GAP_S
from .sequence.listen import hear
from .sequence.match import Run, Worth
from .sequence.part import part_of
from .sequence.quiet import SECONDS, SURELY, silences, silent_near
from .sequence.shared import Shared, shared
from .sequence.strangers import COHORT
from .sequence.timeline import Timeline, open_timeline

if TYPE_CHECKING:
    from ..encoders.base import Encoder
    from ..store.store import Store

MIN_CONFIDENCE = 0.95
"""That among all pairs of the collection's segments no two unrelated stretches are as long and as well alike."""


Stretches = tuple[SharedStretch, ...]

Links = dict[tuple[str, str], Stretches]
"""What a clip shares with another, its representative."""


@dataclass(frozen=True)
class Sharing:
    """Clips of which each shares audio with the first, `stretches` of each (none of the first), most sharers first."""

    clip_ids: tuple[str, ...]
    stretches: tuple[tuple[SharedStretch, ...], ...]


def shared_audio(
    store: Store,
    space: Space,
    *,
    usable: list[str],
    min_score: float | None = None,
    prefer: Callable[[list[str]], NDArray[np.int64]],
    confirm: Callable[[Links], Links] | None = None,
    decided: Decided = UNDECIDED,
    progress: Progress = silent,
) -> list[Sharing]:
    """Return the groups of clips of `usable` that share audio in a space of segments; of others only what strangers
    score is told.

    Each pair that shares is in a group whose first clip is one of the two, or in which both share with the first: a
    clip is in several groups where it shares one part with these and another with those. First is who shares with most,
    then the lowest of `prefer`(clip ids), then the smallest id. Silence, and what resembles many clips wherever one
    looks, is not shared. min_score: lowest mean cosine of a stretch, None for what is surely not chance; confirm: takes
    what each two clips share and returns what of it counts; decided: which pairs do not count, whatever they share, and
    who is to be first before others.
    """

    def found() -> list[Sharing]:
        timeline = open_timeline(store, space, progress)
        encoder = _encoder(store, space)
        quiet = silences(encoder) if encoder else np.empty((0, space.dim), dtype=np.float32)
        unrelated = background(timeline.collection(silent=silent_near(quiet, SURELY)))
        worth = Worth(unrelated.threshold, fair=True, cohort=COHORT)
        pieces, wanted = _pieces(timeline, usable), pa.array(usable, pa.string())
        held = part_of(timeline.collection(wanted, silent_near(quiet, unrelated.threshold)), pieces)
        segments = int(held.bounds[-1])
        pairs_of_segments = segments * (segments - 1) / 2
        least = unrelated.excess(MIN_CONFIDENCE, pairs_of_segments)
        gap = math.ceil(MAX_GAP_S / timeline.hop_s)
        pairs = shared(held, worth, max_gap=gap, min_excess=least, progress=progress)
        telling = _Telling(timeline, pieces, unrelated, pairs_of_segments, _window_s(encoder, timeline.hop_s))
        links = _unbarred(telling.by_clips(pairs, min_score), decided)
        return _groups(confirm(links) if confirm else links, prefer, decided)

    return mended(found, store, space, level=SEGMENT, progress=progress)


def _pieces(timeline: Timeline, clip_ids: list[str]) -> Rows:
    """Return int64[p], the pieces of clips that are of these."""
    wanted = set(clip_ids)
    clips = np.flatnonzero([clip_id in wanted for clip_id in timeline.clip_ids])
    owners = np.searchsorted(timeline.clip_bounds, timeline.bounds[:-1], side="right") - 1
    return np.flatnonzero(np.isin(owners, clips))


@dataclass(frozen=True)
class _Telling:
    """What runs mean in seconds; pieces: int64[p], which of the timeline's each clip of what is told is."""

    timeline: Timeline
    pieces: Rows
    unrelated: Background
    pairs: float
    window_s: float

    def by_clips(self, pairs: list[Shared], min_score: float | None) -> Links:
        """Return what each two clips share, the second as representative."""
        links: Links = {}
        for pair in pairs:
            first, second = self.pieces[[pair.first, pair.second]].tolist()
            names = self.timeline.clip_id(first), self.timeline.clip_id(second)
            if names[0] == names[1]:
                continue
            told = [self._stretch(first, second, run) for run in pair.runs]
            told = [stretch for stretch in told if min_score is None or stretch.score >= min_score]
            if told:
                links[names] = links.get(names, ()) + tuple(told)
        return links

    def _stretch(self, first: int, second: int, run: Run) -> SharedStretch:
        start_s = self.timeline.start_s
        return SharedStretch(
            start_s(first, run.start),
            start_s(first, run.stop - 1) + self.window_s,
            start_s(second, run.start + run.shift),
            start_s(second, run.stop - 1 + run.shift) + self.window_s,
            min(run.score, 1.0),
            self.unrelated.confidence(run.excess, self.pairs),
            len(run.scores),
        )


def _unbarred(links: Links, decided: Decided) -> Links:
    """Return the links but for those of clips that were decided to be distinct."""
    distinct = set(decided.distinct)
    return {link: told for link, told in links.items() if (min(link), max(link)) not in distinct}


def _groups(links: Links, prefer: Callable[[list[str]], NDArray[np.int64]], decided: Decided) -> list[Sharing]:
    """Return groups that hold each link, see `shared_audio`."""
    partners: dict[str, set[str]] = {}
    for one, other in links:
        partners.setdefault(one, set()).add(other)
        partners.setdefault(other, set()).add(one)
    names = sorted(partners)
    places = dict(zip(names, prefer(names).tolist(), strict=True)) if names else {}
    turns = dict(zip(names, turns_of(names, decided).tolist(), strict=True))
    groups = []
    left = {name: set(others) for name, others in partners.items()}
    for first in sorted(names, key=lambda name: (turns[name], -len(partners[name]), places[name], name)):
        if not left[first]:
            continue
        members = sorted(partners[first] & left[first])
        together = {first, *members}
        for name in together:
            left[name] -= together
        stretches = [_on(links, member, first) for member in members]
        groups.append(Sharing((first, *members), ((), *stretches)))
    return groups


def _on(links: Links, member: str, first: str) -> Stretches:
    """Return what a member shares with the first of its group, by start."""
    straight = links.get((member, first), ())
    turned = tuple(
        SharedStretch(
            s.representative_start_s,
            s.representative_end_s,
            s.start_s,
            s.end_s,
            s.score,
            s.confidence,
            s.segments,
        )
        for s in links.get((first, member), ())
    )
    return tuple(sorted(straight + turned, key=lambda stretch: stretch.start_s))


def _encoder(store: Store, space: Space) -> Encoder | None:
    """Return the encoder of a space; None for imported vectors."""
    try:
        return store.encoder(space)
    except EchodexError:
        return None


def _window_s(encoder: Encoder | None, hop_s: float) -> float:
    """Return the seconds that a segment covers, in whole hops; one hop where nobody can tell."""
    if encoder is None:
        return hop_s
    rate_hz = encoder.config.sample_rate_hz
    noise = np.random.default_rng(0).standard_normal(round(max(SECONDS, 8 * hop_s) * rate_hz))
    return hear(noise.astype(np.float32), encoder, hop_s).window_s
