"""Plans and views that save, cut, explain and load themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..progress import Progress, silent
from ..schemas.view import ViewInfo

if TYPE_CHECKING:
    import pyarrow as pa
    from torch.utils.data import DataLoader

    from ..pruning.explain import Explanation
    from ..pruning.plan import Plan as PruningPlan
    from ..pruning.summary import PlanSummary
    from ..pruning.sweep import SweepPoint
    from .store import Store
    from .tuned import Tuned


@dataclass(frozen=True)
class Plan:
    """What pruning would keep. Nothing is written before `save`."""

    store: Store
    plan: PruningPlan

    @property
    def rows(self) -> pa.Table:
        """One row per clip of the source (schemas.view.VIEW_ROWS without row_id)."""
        return self.plan.rows

    def summary(self) -> PlanSummary:
        """Return counts, hours, coverage per cluster and examples."""
        return self.plan.summary()

    def at(self, keep: float) -> Plan:
        """Return the same plan with another budget: a share of the clips (0.3) or a count (1000)."""
        return Plan(self.store, self.plan.at(keep))

    def tune(self, *, progress: Progress = silent) -> Tuned:
        """Prepare the plan to be moved to any budget, and to any value of eps or t, before it is saved: takes about as
        long as the plan did.
        """
        from ..pruning.tuning import tune
        from .tuned import Tuned

        return Tuned(self.store, tune(self.plan, progress))

    def sweep(self, shares: Sequence[float] | None = None, *, plot: str | Path | None = None) -> list[SweepPoint]:
        """Return coverage, duplicates left and histogram shifts at each budget; None: ten shares; plot: a PNG to
        draw.
        """
        from ..pruning.sweep import SHARES, sweep
        from ..pruning.sweep_plot import plot_sweep

        points = sweep(self.plan, SHARES if shares is None else shares)
        if plot is not None:
            plot_sweep(self.plan, points, Path(plot))
        return points

    def save(self, name: str, *, progress: Progress = silent) -> View:
        """Write the plan as the next version of view `name`."""
        return view_of(self.store, self.plan.save(self.store, name, progress=progress))


@dataclass(frozen=True)
class View(ViewInfo):
    """A saved view."""

    store: Store = field(repr=False, compare=False, kw_only=True)

    @property
    def address(self) -> str:
        """The view with its version, "lean@2"."""
        return f"{self.name}@{self.version}"

    def rows(self) -> pa.Table:
        """Return one row per clip of the source (schemas.view.VIEW_ROWS)."""
        return self.store.view_rows(self)

    def plan(self) -> Plan:
        """Return the plan that the view was saved from; no cluster is found and no clip selected again."""
        from ..pruning.plan import reopen

        return Plan(self.store, reopen(self.store, self.address))

    def at(self, keep: float) -> Plan:
        """Return a plan with another budget of the same order: a share (0.3) or a count (1000)."""
        return self.plan().at(keep)

    def undo(self) -> View | None:
        """Take the view back, if it is the last version of its name; return the one before it, None without one."""
        return self.store.undo(self.address)

    def explain(self, clip: str | Path) -> Explanation:
        """Return why a clip (id or path) is kept or not."""
        from ..pruning.explain import explain

        return explain(self.store, self.address, clip)

    def loader(self, *, batch_size: int, seconds: float | None = None, **settings: Any) -> DataLoader[Any]:
        """Return a DataLoader over the view: waveform crops of `seconds`, or vectors. Settings:
        training.loader.view_loader.
        """
        from ..training.loader import view_loader

        return view_loader(self.store, self.address, batch_size=batch_size, seconds=seconds, **settings)


def view_of(store: Store, info: ViewInfo) -> View:
    """Return a saved view of a store as one that can be used."""
    return View(**{f.name: getattr(info, f.name) for f in fields(ViewInfo)}, store=store)
