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
from ..schemas.decision import decided_by
from ..schemas.view import ALL, ViewInfo
from ..store.decisions import standing
from ..store.shards import Workers
from .cautions import cautions
from .choice import Choice, choose
from .config import ONE_PER_WORK, PruneConfig, budget, config_of
from .heeding import heed
from .leakage import Leak, Leaks, resolve
from .material import Material, read_material, read_saved
from .one_per_work import one_per_work
from .pins import clips_named, pin
from .rows import choice_of_rows, view_rows
from .same_recording import unite_by_ear, united
from .wishes import wishes_of

if TYPE_CHECKING:
    from ..store.store import Store
    from .summary import PlanSummary


__all__ = ["Plan", "PruneConfig", "plan", "plan_of", "reopen"]


@dataclass(frozen=True)
class Plan:
    """A choice over the clips of a source, not yet a view.

    material: the clips; choice: what was found out about those of the pruned split; config: what was asked for;
    recipe: all that is needed to do it again; leakage: what leaks between splits, shared by the plan's budgets.
    """

    material: Material
    choice: Choice
    config: PruneConfig
    recipe: dict[str, Any]
    leakage: Leaks

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
        return view_rows(self.material, self.choice, self.kept, self.config)

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """Clips with a duplicate in another split of the store, kept or not; none where duplicates are not looked
        for.
        """
        return self.leakage.found

    @cached_property
    def kept_leaks(self) -> tuple[Leak, ...]:
        """Kept clips with a duplicate in another split that is kept, too, or lies beyond the source."""
        return self.leakage.kept(self.rows.column("kept").to_numpy())

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what was asked for and could not be had, or not at once."""
        return cautions(self.material, self.choice, self.kept, self.config)

    def at(self, keep: float | int) -> Plan:
        """Return the plan cut at another budget: the first `keep` (a share or a count) of the pruned split by rank."""
        config = replace(self.config, keep=keep)
        return replace(self, config=config, recipe={**self.recipe, "config": config.as_recipe()})

    def save(self, store: Store, name: str, *, progress: Progress = silent) -> ViewInfo:
        """Write the plan as the next version of view `name`, against the tables as it read them, whatever was written
        to them since. Raises UsageError where it would keep nothing.
        """
        progress("saving", 0, None)
        if not self.rows.column("kept").to_numpy().any():
            raise UsageError("the plan keeps no clip at all; a view has to keep some: use noise='keep', or a budget")
        material = self.material
        return store.save_view(name, self.rows, self.recipe, material.space, material.versions)

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

    Decisions that stand are heeded unless `config` says otherwise (heeding.py). progress: hears of "reading", of
    "verify" where waveforms are compared, and of what `choose` tells. The same clips, vectors, decisions and config
    give the same plan, whatever the order of ingest and of decisions, or the number of threads.
    """
    source = view if view == ALL else _address(store, view)
    progress("reading", 0, None)
    material = read_material(store, config, space=space, view=source, where=where)
    config = replace(config, pin=clips_named(store, material, config.pin))
    material = pin(store, material, config, view=source, where=where)
    if config.decisions:
        material = heed(material, standing(store.tables))
    if config.verify:
        material = unite_by_ear(store, material, config.duplicate_score, progress)
    return plan_of(material, config, {"view": source, "where": where}, progress, store.workers)


def plan_of(
    material: Material,
    config: PruneConfig,
    source: dict[str, Any],
    progress: Progress = silent,
    workers: Workers | None = None,
) -> Plan:
    """Work out a plan of material that was read already; `source` goes into the recipe. workers: as of `choose`."""
    leakage = Leaks(material, config.duplicate_score, material.apart(config.versions))
    material = resolve(leakage, config.leakage)
    if config.versions == ONE_PER_WORK:
        material = one_per_work(material, config.prefer)
    prefer, wishes = wishes_of(material, config)
    parts = material.parts(material.pool)
    choice = choose(material.pooled, prefer, config, wishes, parts=parts, progress=progress, workers=workers)
    recipe = {
        **source,
        "space": material.space.name,
        "encoder_digest": material.space.digest,
        "split": material.split,
        "clustering": choice.algorithm,
        "agreement": choice.agreement,
        "duplicates_recall": choice.duplicates_recall,
        "required": choice.required,
        **({"two_stage": list(choice.two_stage)} if choice.two_stage else {}),
        **({"same_recordings": material.verified} if config.verify else {}),
        **({"decisions": material.decided.as_recipe()} if material.decided else {}),
        "config": config.as_recipe(),
    }
    return Plan(material, choice, config, recipe, leakage)


def _address(store: Store, view: str) -> str:
    info = store.view(view)
    return f"{info.name}@{info.version}"


def reopen(store: Store, view: str) -> Plan:
    """Return the plan that the view "lean" or "lean@2" was saved from, to be cut at another budget: no cluster is found
    and no clip selected again.

    Clips and vectors are read as they were when it was saved. A duplicate that the view kept, for its large budget,
    counts as any other clip. Raises UsageError for a view that `prune` did not make.
    """
    info = store.view(view)
    if "config" not in info.recipe:
        raise UsageError(f"view {info.name}@{info.version} was not made by `echodex prune`: it has no order to cut")
    rows = store.view_rows(info)
    material = united(read_saved(store, info, rows), info.recipe.get("same_recordings", ()))
    material = heed(material, decided_by(info.recipe.get("decisions", {})))
    choice = choice_of_rows(rows, material.pool, info.recipe)
    config = config_of(info.recipe["config"])
    leakage = Leaks(material, config.duplicate_score, material.apart(config.versions))
    return Plan(material, choice, config, info.recipe, leakage)
