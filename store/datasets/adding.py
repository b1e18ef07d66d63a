"""From a listing to clips in a store: what is too short is not usable, and versions that are alone are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...audio.limits import Limits
from ...progress import Progress, silent
from .base import Listing
from .works import read_usable, settle

if TYPE_CHECKING:
    from ...encoders.base import Encoder
    from ..ingest import AddReport
    from ..store import Store


def add_listing(
    store: Store,
    listing: Listing,
    *,
    embed: Encoder | None = None,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> AddReport:
    """Add the clips of a listing; `report.works` tells how many versions of works can be used.

    What the store knows of a file is not read again. Which versions are alone shows only when all files have been
    decoded: rows of those that are so by what came of that are written once more.
    """
    limits = limits or Limits()
    limits = replace(limits, min_s=max(limits.min_s, listing.min_s))
    sources = list(listing.sources)
    if listing.singles:
        sources, _ = settle(sources, read_usable(store.tables, sources, listing.min_s), listing.singles)
    report = store.add_sources(sources, embed=embed, limits=limits, progress=progress)
    if listing.singles:
        known = read_usable(store.tables, sources, listing.min_s)
        usable = {source.path: known.get(source.path, "") for source in sources}
        settled, report.works = settle(listing.sources, usable, listing.singles)
        changed = [after for before, after in zip(sources, settled, strict=True) if before != after]
        if changed:
            report.conflicts += store.add_sources(changed, limits=limits, progress=progress).conflicts
    report.missing, report.notes = list(listing.missing), list(listing.notes)
    return report
