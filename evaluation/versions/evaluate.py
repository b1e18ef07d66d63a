"""`evaluate versions`: the published protocol on a space of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...progress import Progress, silent
from .material import Chosen, read_material
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
    has a work, or none has another version, or the stored segments do not allow what is asked.
    """
    material = read_material(store, store.space(space), chosen)
    found = evaluate_material(material, config, progress)
    report = report_of(material, chosen, config, found)
    if out:
        write_report(out, report, material, found)
    return report
