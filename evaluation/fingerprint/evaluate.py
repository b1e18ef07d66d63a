"""`evaluate fingerprint`: the published protocol on a folder of the published layout, or on a space of a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UsageError
from ...progress import Progress, silent
from .material import from_folder
from .protocol import ProtocolConfig, evaluate_material
from .report import FingerprintReport, write_outcome

if TYPE_CHECKING:
    from ...store.store import Store


def evaluate_folder(
    folder: Path,
    config: ProtocolConfig,
    *,
    dummy_folder: Path | None = None,
    songs: str | None = None,
    out: Path | None = None,
    progress: Progress = silent,
) -> FingerprintReport:
    """Return the hit rates of a folder with query, db and dummy_db (`layout`), the latter also from `dummy_folder`.

    songs: as read_songs takes it, None where they are not known; out: a folder to write into (`write_outcome`). Raises
    NotFound, BadInput, UsageError.
    """
    material = from_folder(folder, dummy_folder, songs)
    outcome = evaluate_material(material, config, progress)
    if out:
        write_outcome(out, outcome, material)
    return outcome.report


def evaluate_space(
    store: Store,
    queries: str,
    config: ProtocolConfig,
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    out: Path | None = None,
    progress: Progress = silent,
) -> FingerprintReport:
    """Return the hit rates of a space of a store, strictly inside its clips.

    queries: as `tables.from_store` takes them. Raises NotFound, BadInput, UsageError.
    """
    from .tables import from_store

    if config.test_ids == "icassp":
        raise UsageError("the ids icassp are of the published set of queries; say all, a number or a .npy file")
    material = from_store(store, queries, space=space, view=view, where=where, progress=progress)
    outcome = evaluate_material(material, replace(config, strict=True), progress)
    if out:
        write_outcome(out, outcome, material)
    return outcome.report
