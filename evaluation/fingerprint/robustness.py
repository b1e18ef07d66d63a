"""`evaluate fingerprint --robustness`: hit rates of cuts of the store's own clips under one damage at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...audio.resample import resample
from ...indexing.sequence.finder import Asked, Finder, open_finder
from ...progress import Progress, silent
from ...schemas.vector import Float32
from .asking import ask
from .conditions import Condition, all_conditions
from .cuts import Cut, draw_cuts, none_left, read_cuts, told

if TYPE_CHECKING:
    from ...store.store import Store

QUERIES, SECONDS = 100, 5.0

Columns = tuple[list[str], list[tuple[object, ...]]]


@dataclass(frozen=True)
class RobustnessPoint:
    """One damage. hits: percent of queries whose best place is the right clip within half a second; told: of those that
    `identify` is sure of, and right.
    """

    kind: str
    amount: float | str
    unit: str
    hits: float
    told: float


@dataclass(frozen=True)
class RobustnessReport:
    """Points by kind, then by amount, each of the same `queries` cuts of `seconds` among `clips` of a space; lost:
    files that cuts were drawn of and that cannot be read any more.
    """

    space: str
    clips: int
    queries: int
    lost: int
    seconds: float
    seed: int
    points: tuple[RobustnessPoint, ...]

    def header(self) -> str:
        """Return what was evaluated, in a line."""
        return (
            f"space {self.space}: {self.queries} cuts of {self.seconds:g} s among {self.clips} clips, seed {self.seed} "
            f"(rates in %){told(self.lost)}"
        )

    def table(self) -> Columns:
        """Return a header and one row a point."""
        rows: list[tuple[object, ...]] = [
            (point.kind, f"{_shown(point.amount)} {point.unit}".strip(), point.hits, point.told)
            for point in self.points
        ]
        return ["damage", "amount", "hits", "told"], rows


def evaluate_robustness(
    store: Store,
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    queries: int = QUERIES,
    seconds: float = SECONDS,
    seed: int = 0,
    progress: Progress = silent,
) -> RobustnessReport:
    """Return how often cuts of the clips of a space are found again under every damage of `conditions`.

    Files that cannot be read any more are passed over (`read_cuts`). Raises UsageError for a space without segments or
    with no clip of `seconds`, NotFound.
    """
    found = store.space(space)
    finder = open_finder(store, found, Asked(view, where), progress)
    cuts = draw_cuts(store.sources(finder.songs), queries, seconds, seconds, seed)
    rate_hz = finder.encoder.config.sample_rate_hz
    points, waveforms = [], _Waveforms(cuts)
    known = len(waveforms.at(rate_hz))
    if not known:
        raise none_left(waveforms.lost)
    conditions = all_conditions(rate_hz, seconds, seed)
    for done, condition in enumerate(conditions):
        points.append(_point(finder, condition, waveforms))
        progress("robustness", done + 1, len(conditions))
    lost = len(waveforms.lost)
    return RobustnessReport(found.name, len(finder.songs), known, lost, seconds, seed, tuple(points))


class _Waveforms:
    """Cuts as they are, read once for each rate. lost: files that cannot be read any more."""

    def __init__(self, cuts: list[Cut]) -> None:
        self.lost: set[str] = set()
        self._cuts = cuts
        self._read: dict[int, list[tuple[Cut, Float32, int]]] = {}

    def at(self, sample_rate_hz: int) -> list[tuple[Cut, Float32, int]]:
        """Return the cuts that can be read, the waveform float32[n] and samples of context of each."""
        if sample_rate_hz not in self._read:
            self._read[sample_rate_hz] = list(read_cuts(self._cuts, sample_rate_hz, self.lost))
        return self._read[sample_rate_hz]


def _point(finder: Finder, condition: Condition, waveforms: _Waveforms) -> RobustnessPoint:
    rate_hz = finder.encoder.config.sample_rate_hz
    hits = told = 0
    heard = waveforms.at(condition.sample_rate_hz)
    for cut, waveform, context in heard:
        damaged = condition.damage(waveform, str(cut.number))
        begin = round(context * len(damaged) / len(waveform))  # a faster one has less context
        query = resample(damaged[begin:], condition.sample_rate_hz, rate_hz)
        reply = ask(finder, query[: round(cut.seconds * rate_hz)])
        where = (cut.clip.clip_id, cut.start_s)
        hits += reply.best is not None and reply.best.is_at(*where)
        told += reply.told is not None and reply.told.is_at(*where)
    share = 100.0 / max(len(heard), 1)
    return RobustnessPoint(condition.kind, condition.amount, condition.unit, share * hits, share * told)


def _shown(amount: float | str) -> str:
    return amount if isinstance(amount, str) else f"{amount:g}"
