"""A plan to be moved: what it keeps, covers and leaves at any budget and at any value of its selector's knob.

All that takes time is done once, by `tune`: the selector tells where each value cuts its order, coverage is measured
for every budget and every value, and pairs of duplicates are found. A move is then a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...errors import UsageError
from ...progress import Progress, silent
from ..config import ONE_PER_WORK
from ..material import Material
from ..one_per_work import one_per_work
from ..plan import Plan
from ..rows import kept_rows
from ..selectors.base import Float64
from ..sweep import after_a_duplicate, pairs_of
from .covering import cover
from .knob import Knob, find_knob
from .numbers import Curve, Numbers, Setting
from .remaining import Near, near_among

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Budgets:
    """Of the first r clips by rank, 0 <= r <= n: seconds, coverage, float64[n + 1]; duplicates left, int64[n + 1]."""

    seconds: Float64
    coverage: Float64
    duplicates: Rows


@dataclass(frozen=True)
class _Values:
    """At each value of a knob: kept: uint8[g, ceil(n / 8)], who of the pool, in bits; coverage: float64[g]; near: among
    clips that are kept at any.
    """

    knob: Knob
    kept: NDArray[np.uint8]
    coverage: Float64
    near: Near


class Tuned:
    """A plan at every budget and every value of its knob; made by `tune`. Safe to ask from several threads.

    knob: the setting that cuts the order of the plan's selector, "eps" or "t"; None for one that has none; values: of
    it to choose from, ascending, that of the plan among them.
    """

    def __init__(self, plan: Plan, budgets: _Budgets, values: _Values | None) -> None:
        self.knob: str | None = None if values is None else values.knob.name
        self.values: tuple[float, ...] = () if values is None else tuple(values.knob.values.tolist())
        self._plan, self._budgets, self._values = plan, budgets, values
        material = plan.material
        self._outside = kept_rows(material, np.zeros(len(material.pool), dtype=np.bool_))
        self._outside_seconds = float(material.seconds[self._outside].sum())
        self._seconds = material.seconds[material.pool]
        self._told: dict[int, Numbers] = {}

    def at(self, keep: float | int | None = None, eps: float | None = None, t: float | None = None) -> Setting:
        """Return the plan at a budget of its own order, as `Plan.at` cuts it, or as another value of its knob would
        have it, instead of a budget; as it is where nothing is given.

        Of a value that is not among `values` the nearest is taken, which the numbers tell. Raises UsageError for two
        settings at once, one that the selector does not have, or a value that it would not take.
        """
        asked = self._asked(keep, eps, t)
        if asked is not None:
            return Setting(self._spread(self._kept_at(*asked)), self._numbers_at(*asked))
        count = self._count(keep)
        return Setting(self._spread(self._plan.choice.rank < count), self._numbers_of(keep, count))

    def plan(self, keep: float | int | None = None, eps: float | None = None, t: float | None = None) -> Plan:
        """Return the plan at a setting, to be saved: the one that pruning anew with that value, and no budget, gives.

        Raises what `at` does.
        """
        asked = self._asked(keep, eps, t)
        if asked is None:
            return self._plan if keep is None else self._plan.at(keep)
        values, place = asked
        found = values.knob.ranked(place)
        settings: dict[str, Any] = {values.knob.name: self.values[place], "keep": None}
        config = replace(self._plan.config, **settings)
        return replace(
            self._plan,
            choice=replace(self._plan.choice, **{each.name: getattr(found, each.name) for each in fields(found)}),
            config=config,
            recipe={**self._plan.recipe, "required": found.required, "config": config.as_recipe()},
        )

    def curve(self, points: int = 40) -> Curve:
        """Return the numbers at so many budgets, and at as many values of the knob, evenly along its grid."""
        budgets = [(share, self._count(share)) for share in np.linspace(0, 1, points + 1)[1:].tolist()]
        places = np.unique(np.linspace(0, len(self.values) - 1, points).round()).astype(np.int64).tolist()
        return Curve(
            tuple(self._numbers_of(share, count) for share, count in budgets),
            () if self._values is None else tuple(self._numbers_at(self._values, place) for place in places),
        )

    def _asked(self, keep: float | int | None, eps: float | None, t: float | None) -> tuple[_Values, int] | None:
        """Return the place of a value of the knob that is asked for, None where it is a budget, or nothing."""
        asked = {name: value for name, value in (("keep", keep), ("eps", eps), ("t", t)) if value is not None}
        if len(asked) > 1:
            raise UsageError(f"{' and '.join(asked)} cannot be set at once: give one of them")
        if not asked or keep is not None:
            return None
        name, value = next(iter(asked.items()))
        if self._values is None or name != self.knob:
            other = f"it is cut by {self.knob}" if self.knob else "give a budget with keep"
            raise UsageError(f"selector {self._plan.config.selector!r} is not cut by {name}: {other}")
        return self._values, self._values.knob.nearest(value)

    def _count(self, keep: float | int | None) -> int:
        return int(self._plan.kept.sum()) if keep is None else self._plan.kept_of(keep)

    def _kept_at(self, values: _Values, place: int) -> Mask:
        """Return bool[n]: who of the pool is kept at a value of the knob."""
        return np.unpackbits(values.kept[place], count=len(self._seconds)).view(np.bool_)

    def _spread(self, kept: Mask) -> Mask:
        """Return who of the source is kept; kept: bool[n], of the pool."""
        spread = self._outside.copy()
        spread[self._plan.material.pool] = kept
        return spread

    def _numbers_of(self, keep: float | int | None, count: int) -> Numbers:
        """Return the numbers of the first `count` clips by rank; keep: the budget, None for the plan as it is."""
        budgets = self._budgets
        duplicates, coverage = int(budgets.duplicates[count]), float(budgets.coverage[count])
        return self._numbers(
            (None if keep is None else "keep", keep), count, budgets.seconds[count], coverage, duplicates
        )

    def _numbers_at(self, values: _Values, place: int) -> Numbers:
        if place not in self._told:
            kept = self._kept_at(values, place)
            left = values.near.left(kept, lambda: values.knob.ranked(place).rank)
            set_to, count, seconds = (self.knob, self.values[place]), int(kept.sum()), self._seconds[kept].sum()
            self._told[place] = self._numbers(set_to, count, seconds, float(values.coverage[place]), left)
        return self._told[place]

    def _numbers(
        self, set_to: tuple[str | None, float | None], count: int, seconds: float, coverage: float, duplicates: int
    ) -> Numbers:
        pool = len(self._seconds)
        return Numbers(
            knob=set_to[0],
            value=set_to[1],
            kept=int(self._outside.sum()) + count,
            clips=len(self._outside),
            pool_kept=count,
            pool=pool,
            kept_share=count / pool,
            hours=float(self._outside_seconds + seconds) / 3600,
            coverage=coverage,
            duplicates_left=duplicates,
        )


def tune(plan: Plan, progress: Progress = silent) -> Tuned:
    """Prepare a plan to be asked at any setting; about as long as its selector and its search for duplicates took.

    progress: hears of "selecting" by the clusters done, of "duplicates", and of "coverage". A plan that was reopened
    from a view can be tuned as well; but a duplicate that such a view kept, for its budget, label or work, counts as
    any other clip (`reopen`), so that another value of the knob may give somewhat other clips than pruning anew.
    """
    material, rank = _with_alone(plan), plan.choice.rank
    with threadpool_limits(limits=1, user_api="blas"):  # as in `choose`, for the same digits
        knob = find_knob(material, plan.choice, plan.config, progress)
        kept = np.zeros((0, len(rank)), dtype=np.bool_) if knob is None else knob.kept()
        progress("duplicates", 0, None)
        pairs = pairs_of(plan)
        late = after_a_duplicate(pairs, rank)
        covered = cover(material.pooled, rank, kept, progress)
        near = near_among(pairs, np.asarray(kept.any(axis=0)))
    values = None if knob is None else _Values(knob, np.packbits(kept, axis=1), covered.by_value, near)
    first, seconds = np.argsort(rank), material.seconds[material.pool]
    budgets = _Budgets(_running(seconds[first]), covered.by_count, _running(late[first].astype(np.int64)))
    return Tuned(plan, budgets, values)


def _with_alone(plan: Plan) -> Material:
    """Return the material with the one clip of each work told, which a view that is reopened does not say."""
    material = plan.material
    if plan.config.versions != ONE_PER_WORK or material.alone is not None:
        return material
    return one_per_work(material, plan.config.prefer)


def _running(values: NDArray[Any]) -> NDArray[Any]:
    """Return the sums of the first 0, 1, ... values."""
    return np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
