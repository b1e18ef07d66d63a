"""`evaluate versions`: the published protocol on a space of a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...progress import Progress, silent
from ...training.behind import run_behind
from ...training.splits import TRAIN, VALID
from .material import Chosen, Material, read_material
from .protocol import VersionsConfig, evaluate_material
from .report import VersionsReport, report_of, write_report

if TYPE_CHECKING:
    from ...store.store import Store


def evaluate_versions(
    store: Store,
    config: VersionsConfig,
    chosen: Chosen,
    *,
    space: str | None = None,
    out: Path | None = None,
    progress: Progress = silent,
) -> VersionsReport:
    """Return how well the versions of works are found in a space, those of one vector a clip too.

    out: a folder to write into (`write_report`). Raises NotFound for an unknown space or view; UsageError where no clip
    has a work, or none has another version, or the stored segments do not allow what is asked,
    or `chosen` asks for works that did not teach the encoder, and all did.
    """
    material = read_material(store, store.space(space), chosen)
    taught = _taught(material)
    if chosen.unseen:
        material, taught = _unseen(material, taught), taught[~taught]
    found = evaluate_material(material, config, progress)
    report = report_of(material, chosen, config, found, taught=int(taught.sum()))
    if out:
        write_report(out, report, material, found)
    return report


def _taught(material: Material) -> NDArray[np.bool_]:
    """Return bool[q]: which queries are of works that taught the encoder in a run of the store, or chose its epoch."""
    behind = run_behind(material.store, material.space)
    if behind is None:
        return np.zeros(len(material.queries), dtype=np.bool_)
    sides = behind.sides(material.clip_ids, material.works)
    return np.isin(sides[material.queries], (TRAIN, VALID))


def _unseen(material: Material, taught: NDArray[np.bool_]) -> Material:
    if taught.all():
        raise UsageError(
            f"the works of all {len(taught)} queries taught the encoder of space {material.space.name!r}; evaluate "
            "without asking for unseen ones, or train with works whose split is 'test'"
        )
    return replace(material, queries=material.queries[~taught])
