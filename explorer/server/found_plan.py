"""A plan as the page moves it: what it keeps at any budget, or any value of its knob, for each row of the map."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...pruning.plan import Plan
from ...pruning.summary import PlanSummary
from ...pruning.tuning import Tuned
from .snapshot import Rows, Snapshot

OUTSIDE, PRUNED, KEPT = 0, 1, 2
"""What the page is told of a clip: that it is not in the plan's source, or what becomes of it."""


@dataclass(frozen=True)
class Moved:
    """Where a plan is set to: a budget, or a value of its knob; as it was made where nothing is given.

    keep: a share of the clips of the pruned split up to 1, or a count above.
    """

    keep: float | None = None
    eps: float | None = None
    t: float | None = None

    def as_asked(self) -> dict[str, Any]:
        """Return it as `Tuned` takes it."""
        keep = self.keep
        if keep is not None and keep > 1 and float(keep).is_integer():
            keep = int(keep)
        return {"keep": keep, "eps": self.eps, "t": self.t}


@dataclass(frozen=True)
class FoundPlan:
    """What a job found: a plan, ready to be moved. rows: of the snapshot, of each clip of the source; -1 for none."""

    snapshot: Snapshot
    plan: Plan
    tuned: Tuned
    summary: PlanSummary
    rows: Rows

    def at(self, moved: Moved) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        """Return the numbers at a setting, and uint8[n]: what becomes of each clip of the snapshot."""
        setting = self.tuned.at(**moved.as_asked())
        fates = np.full(len(self.snapshot) + 1, OUTSIDE, dtype=np.uint8)  # the last takes those without a row
        fates[self.rows] = np.where(setting.kept, KEPT, PRUNED)
        return asdict(setting.numbers), fates[:-1]

    def told(self) -> dict[str, Any]:
        """Return what the page is told of the plan as it was made."""
        config, summary = self.plan.config, self.summary
        knob = self.tuned.knob
        curve = self.tuned.curve()
        return {
            "selector": config.selector,
            "knob": {"name": knob, "at": getattr(config, knob) if knob else None, "values": list(self.tuned.values)},
            "keep": config.keep,
            "pool": summary.pool_clips,
            "pool_kept": summary.pool_kept,
            "clips": summary.clips,
            "kept": summary.kept,
            "hours": summary.hours,
            "hours_kept": summary.hours_kept,
            "split": summary.split,
            "clustering": summary.clustering,
            "agreement": summary.agreement,
            "clusters": len(summary.clusters),
            "reasons": summary.reasons,
            "duplicate_groups": summary.duplicate_groups,
            "coverage": summary.coverage,
            "leaks": len(summary.leaks),
            "warnings": list(summary.warnings),
            "curve": [asdict(numbers) for numbers in curve.budgets],
            "knob_curve": [asdict(numbers) for numbers in curve.values],
        }


def rows_of_plan(snapshot: Snapshot, plan: Plan) -> Rows:
    """Return the row of each clip of a plan's source, int64[n], -1 where it has none."""
    places = pc.index_in(pa.array(plan.material.clip_ids, pa.string()), value_set=snapshot.ids)
    return np.asarray(pc.fill_null(places, -1).to_numpy(), dtype=np.int64)
