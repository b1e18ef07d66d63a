"""From a listing to clips in a store: what is too short is not usable, and versions that are alone are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...audio.limits import Limits
from ...progress import Progress, silent
from .base import Listing
from .held import Held, read_held, take_back_splits
from .works import settle, splits_changed

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
    decoded: rows of those that are so by what came of that get another split then. What a file was before it was
    replaced stays a clip, without a split.
    """
    limits = limits or Limits()
    limits = replace(limits, min_s=max(limits.min_s, listing.min_s))
    sources = list(listing.sources)
    if listing.singles:
        sources, _ = settle(sources, read_held(store.tables, sources, listing.min_s), listing.singles)
    report = store.add_sources(sources, embed=embed, limits=limits, progress=progress)
    if listing.singles:
        known = read_held(store.tables, sources, listing.min_s)
        held = {source.path: known.get(source.path, Held("")) for source in sources}
        settled, report.works = settle(listing.sources, held, listing.singles)
        take_back_splits(store.tables, known)
        if changed := splits_changed(sources, settled):
            report.conflicts += store.add_sources(changed, limits=limits, progress=progress).conflicts
    report.missing, report.notes = list(listing.missing), list(listing.notes)
    return report
