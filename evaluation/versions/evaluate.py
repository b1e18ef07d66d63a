"""`evaluate versions`: the published protocol on a space of a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...progress import Progress, silent
from ...training.behind import taught_clips
from ..grouped import read_groups
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
    has a work, or none has another version, or the stored segments do not allow what is asked, or `chosen` asks for
    works that did not teach the encoder, and all did, or which ones did is not known.
    """
    material = read_material(store, store.space(space), chosen)
    taught = _taught(material, chosen)
    if chosen.unseen:
        material, taught = _unseen(material, taught), taught[~taught]
    found = evaluate_material(material, config, progress)
    report = report_of(material, chosen, config, found, taught=int(taught.sum()))
    if out:
        write_report(out, report, material, found)
    return report


def _taught(material: Material, chosen: Chosen) -> NDArray[np.bool_]:
    """Return bool[q]: which queries are of works that taught the encoder in runs of the store, or chose its epoch, by
    any of their clips: those that are not searched here count as well.
    """
    known = taught_clips(material.store, material.space)
    if known is None and chosen.unseen:
        raise UsageError(
            f"no training of {material.store.place} made the encoder of space {material.space.name!r}, so which works "
            "it has seen is not known; evaluate without asking for unseen ones, or choose the queries by a filter"
        )
    if not known:
        return np.zeros(len(material.queries), dtype=np.bool_)
    store, searched = material.store, set(material.clip_ids)
    teachers = store.clips(["clip_id"], clip_ids=sorted(known)).column(0).to_pylist()
    clip_ids = [*material.clip_ids, *(clip_id for clip_id in teachers if clip_id not in searched)]
    works = read_groups(store, clip_ids, chosen.by)
    return np.isin(works[material.queries], works[np.isin(clip_ids, teachers)])


def _unseen(material: Material, taught: NDArray[np.bool_]) -> Material:
    if taught.all():
        raise UsageError(
            f"the works of all {len(taught)} queries taught the encoder of space {material.space.name!r}; evaluate "
            "without asking for unseen ones, or train with works whose split is 'test'"
        )
    return replace(material, queries=material.queries[~taught])
