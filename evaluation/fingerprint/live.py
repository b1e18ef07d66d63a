"""`evaluate fingerprint --live N`: are damaged cuts of the store's own clips found again, and is nothing else?

Half of what is drawn are cuts of clips that can be found; the other half are of clips that were left out of the search,
with other excerpts of their files and other performances of their works, where whatever is found is a false positive.
Copies that nothing says are of the same work stay in the search and count as false, too: view or filter them out first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...audio.augment.fingerprint import ReplicaConfig
from ...errors import UsageError
from ...indexing.sequence.finder import Asked, Finder, open_finder
from ...progress import Progress, silent
from ...schemas.clip import Clip
from .asking import Place, Reply, among, ask
from .cuts import Cut, draw_cuts, none_left, read_cuts, told
from .replicas import live_replicas
from .strangers import part_strangers

if TYPE_CHECKING:
    from ...store.store import Store

Columns = tuple[list[str], list[tuple[object, ...]]]


@dataclass(frozen=True)
class LiveConfig:
    """queries: cuts that can be found, and as many that cannot; lengths_s: of queries, each the beginning of a cut of
    the longest; replicas: what damages them; seed: of everything.
    """

    queries: int = 200
    lengths_s: tuple[float, ...] = (1.0, 2.0, 3.0, 5.0, 10.0)
    replicas: ReplicaConfig = field(default_factory=ReplicaConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.queries < 1 or not self.lengths_s or min(self.lengths_s) <= 0:
            raise UsageError(f"a live evaluation takes queries of some length, not {self.queries} of {self.lengths_s}")


@dataclass(frozen=True)
class LiveRow:
    """Queries of one length, rates in percent.

    hits: the best place is the right clip within half a second; told: `identify` says so; wrong: it says another place;
    strangers: queries of clips that were left out; false_positives: share of those for which `identify` finds anything;
    ms: median wall time of a query, embedding and search.
    """

    seconds: float
    queries: int
    hits: float
    told: float
    wrong: float
    strangers: int
    false_positives: float
    ms: float


@dataclass(frozen=True)
class LiveReport:
    """space: by name; clips: in the search, so many others left out of it; lost: files that cuts were drawn of and that
    cannot be read any more; rows: one a length.
    """

    space: str
    clips: int
    left_out: int
    lost: int
    seed: int
    rows: tuple[LiveRow, ...]

    def header(self) -> str:
        """Return what was evaluated, in a line."""
        return (
            f"space {self.space}: damaged cuts of {self.clips} clips, and of {self.left_out} that were left out of the "
            f"search; seed {self.seed}; rates in %{told(self.lost)}"
        )

    def table(self) -> Columns:
        """Return a header and one row a length."""
        columns = ["seconds", "queries", "hits", "told", "wrong", "strangers", "false positives", "ms"]
        return columns, [
            (row.seconds, row.queries, row.hits, row.told, row.wrong, row.strangers, row.false_positives, row.ms)
            for row in self.rows
        ]


@dataclass(frozen=True)
class _Answered:
    """A query of a length, what was said, and how long that took."""

    cut: Cut
    seconds: float
    reply: Reply
    ms: float


def evaluate_live(
    store: Store,
    config: LiveConfig,
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    progress: Progress = silent,
) -> LiveReport:
    """Return how often damaged cuts of clips of a space are found again.

    Files that cannot be read any more are passed over (`read_cuts`). Raises UsageError for a space without segments and
    for fewer than two clips long enough, NotFound.
    """
    found = store.space(space)
    finder = open_finder(store, found, Asked(view, where), progress)
    longest, shortest = max(config.lengths_s), min(config.lengths_s)
    clips = store.sources(finder.songs)
    parted = part_strangers(store, clips, view=view, most=config.queries, least_s=shortest, seed=config.seed)
    searched = among(finder, parted.searched)
    lost: set[str] = set()
    damage = live_replicas(config.replicas, finder.encoder.config.sample_rate_hz, longest, config.seed)

    def answered(clips: Sequence[Clip], stage: str, seed: int) -> list[_Answered]:
        said: list[_Answered] = []
        cuts = draw_cuts(clips, config.queries, longest, shortest, seed)
        for cut, waveform, context in read_cuts(cuts, finder.encoder.config.sample_rate_hz, lost):
            replica = damage(waveform, f"{stage}:{cut.number}")[context:]
            said += [_answer(searched, cut, replica, seconds) for seconds in config.lengths_s if seconds <= cut.seconds]
            progress(stage, cut.number + 1, config.queries)
        return said

    known = answered(parted.known, "known", config.seed)
    strange = answered(parted.strange, "strangers", config.seed + 1)
    if not known and not strange:
        raise none_left(lost)
    rows = tuple(_row(seconds, known, strange) for seconds in sorted(config.lengths_s))
    left_out = len(finder.songs) - len(searched.songs)
    return LiveReport(found.name, len(searched.songs), left_out, len(lost), config.seed, rows)


def _answer(finder: Finder, cut: Cut, replica: np.ndarray, seconds: float) -> _Answered:
    samples = round(seconds * finder.encoder.config.sample_rate_hz)
    began_s = time.perf_counter()
    reply = ask(finder, replica[:samples])
    return _Answered(cut, seconds, reply, 1000 * (time.perf_counter() - began_s))


def _row(seconds: float, known: Sequence[_Answered], strange: Sequence[_Answered]) -> LiveRow:
    asked = [each for each in known if each.seconds == seconds]
    others = [each for each in strange if each.seconds == seconds]
    right = [each.reply.told is not None and _right(each, each.reply.told) for each in asked]
    return LiveRow(
        seconds=seconds,
        queries=len(asked),
        hits=_percent([each.reply.best is not None and _right(each, each.reply.best) for each in asked]),
        told=_percent(right),
        wrong=_percent([each.reply.told is not None and not ok for each, ok in zip(asked, right, strict=True)]),
        strangers=len(others),
        false_positives=_percent([each.reply.told is not None for each in others]),
        ms=round(float(np.median([each.ms for each in [*asked, *others]])), 2) if asked or others else 0.0,
    )


def _right(answered: _Answered, place: Place) -> bool:
    return place.is_at(answered.cut.clip.clip_id, answered.cut.start_s)


def _percent(said: Sequence[bool]) -> float:
    return 100.0 * sum(said) / len(said) if said else 0.0
