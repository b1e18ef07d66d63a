"""A plan: what pruning would keep, and why. Nothing is written until it is saved as a view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.view import ALL, ViewInfo
from .choice import Choice, choose
from .config import PruneConfig, budget, config_of
from .leakage import Leak, leaks_of, resolve
from .material import Material, clips_named, pin, read_material, read_saved
from .rows import choice_of_rows, view_rows
from .wishes import wishes_of

if TYPE_CHECKING:
    from ..store.store import Store
    from .summary import PlanSummary


__all__ = ["Plan", "PruneConfig", "plan", "plan_of", "reopen"]


@dataclass(frozen=True)
class Plan:
    """A choice over the clips of a source, not yet a view.

    material: the clips; choice: what was found out about those of the pruned split; config: what was asked for;
    recipe: all that is needed to do it again.
    """

    material: Material
    choice: Choice
    config: PruneConfig
    recipe: dict[str, Any]

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """bool[m]: whether each clip of the pool is kept."""
        if self.config.keep is None:
            return self.choice.selected
        return np.asarray(self.choice.rank < self.kept_of(self.config.keep))

    def kept_of(self, keep: float | int) -> int:
        """Return how many clips of the pool a budget keeps: never fewer than are pinned, or needed by their labels."""
        return max(budget(keep, len(self.choice.rank)), self.choice.required)

    @cached_property
    def rows(self) -> pa.Table:
        """VIEW_ROWS without row_id: one row per clip of the source, sorted by clip id.

        Clips of other splits are kept; clips of the pruned split without a vector are left out (`Kept.NO_VECTOR`):
        nobody can tell whether they are redundant. Neither has a rank, a cluster or a representative other than
        itself.
        """
        return view_rows(self.material, self.choice, self.kept, self.config.noise)

    @cached_property
    def leaks(self) -> tuple[Leak, ...]:
        """Clips with a duplicate in another split, kept or not; none where duplicates are not looked for."""
        if self.config.duplicate_score == 0:
            return ()
        return tuple(leaks_of(self.material, self.config.duplicate_score))

    def at(self, keep: float | int) -> Plan:
        """Return the plan cut at another budget: the first `keep` (a share or a count) of the pruned split by rank."""
        config = replace(self.config, keep=keep)
        return replace(self, config=config, recipe={**self.recipe, "config": config.as_recipe()})

    def save(self, store: Store, name: str, *, progress: Progress = silent) -> ViewInfo:
        """Write the plan as the next version of view `name`. Raises UsageError where it would keep nothing."""
        progress("saving", 0, None)
        if not self.rows.column("kept").to_numpy().any():
            raise UsageError("the plan keeps no clip at all; a view has to keep some: use noise='keep', or a budget")
        return store.save_view(name, self.rows, self.recipe, self.material.space)

    def summary(self) -> PlanSummary:
        """Return counts, hours, per-cluster coverage, examples and warnings."""
        from .summary import summarise

        return summarise(self)


def plan(
    store: Store,
    config: PruneConfig,
    *,
    space: str | None = None,
    view: str = ALL,
    where: str | None = None,
    progress: Progress = silent,
) -> Plan:
    """Work out what to keep of the clips of a view that `where` selects, by their vectors in `space`.

    progress: hears of "reading", and of what `choose` tells. The same clips, vectors and config give the same plan,
    whatever the order of ingest or the number of threads.
    """
    source = view if view == ALL else _address(store, view)
    progress("reading", 0, None)
    material = read_material(store, config, space=space, view=source, where=where)
    config = replace(config, pin=clips_named(store, material, config.pin))
    material = pin(store, material, config, view=source, where=where)
    return plan_of(material, config, {"view": source, "where": where}, progress)


def plan_of(material: Material, config: PruneConfig, source: dict[str, Any], progress: Progress = silent) -> Plan:
    """Work out a plan of material that was read already; `source` goes into the recipe."""
    material = resolve(material, config.leakage, config.duplicate_score)
    prefer, wishes = wishes_of(material, config.prefer)
    choice = choose(material.pooled, prefer, config, wishes, parts=material.parts(material.pool), progress=progress)
    recipe = {
        **source,
        "space": material.space.name,
        "encoder_digest": material.space.digest,
        "split": material.split,
        "clustering": choice.algorithm,
        "agreement": choice.agreement,
        "required": choice.required,
        "config": config.as_recipe(),
    }
    return Plan(material, choice, config, recipe)


def _address(store: Store, view: str) -> str:
    info = store.view(view)
    return f"{info.name}@{info.version}"


def reopen(store: Store, view: str) -> Plan:
    """Return the plan that the view "lean" or "lean@2" was saved from, to be cut at another budget: nothing is computed
    again.

    Clips and vectors are read as they were when it was saved. A duplicate that the view kept, for its large budget,
    counts as any other clip. Raises UsageError for a view that `prune` did not make.
    """
    info = store.view(view)
    if "config" not in info.recipe:
        raise UsageError(f"view {info.name}@{info.version} was not made by `echodex prune`: it has no order to cut")
    rows = store.view_rows(info)
    material = read_saved(store, info, rows)
    choice = choice_of_rows(rows, material.pool, info.recipe)
    return Plan(material, choice, config_of(info.recipe["config"]), info.recipe)
