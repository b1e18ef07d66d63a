"""Clips that are kept whatever a plan finds: named by their ids or paths, or selected by a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import NotFound
from ..indexing.places import clip_of
from ..store.known import CLIPS_TABLE
from .config import PruneConfig
from .material import Material

if TYPE_CHECKING:
    from ..store.store import Store


def clips_named(store: Store, material: Material, names: Sequence[str | Path]) -> tuple[str, ...]:
    """Return the clip id for each clip id or path; raise NotFound or UsageError as `clip_of` does."""
    known = set(material.clip_ids)
    return tuple(str(name) if name in known else clip_of(store, name) for name in names)


def pin(store: Store, material: Material, config: PruneConfig, *, view: str, where: str | None) -> Material:
    """Return the material with the clips pinned that `config` names by their ids or selects by its filter.

    Raises NotFound where an id is not of the source, or the filter selects none of it.
    """
    place = {clip_id: row for row, clip_id in enumerate(material.clip_ids)}
    unknown = next((str(clip_id) for clip_id in config.pin if clip_id not in place), None)
    if unknown is not None:
        source = f"view {view!r}" + (f" where {where}" if where else "")
        raise NotFound(f"clip {unknown[:80]!r} cannot be pinned: it is not in {source}")
    rows = [place[str(clip_id)] for clip_id in config.pin]
    if config.pin_where is not None:
        version = material.versions[CLIPS_TABLE]
        found = store.clips(["clip_id"], view=view, where=config.pin_where, version=version)
        selected = [place[clip_id] for clip_id in found.column("clip_id").to_pylist() if clip_id in place]
        if not selected:
            raise NotFound(f"the filter of clips to pin, {config.pin_where!r}, selects none of those that are pruned")
        rows += selected
    return replace(material, pinned=np.isin(np.arange(len(material)), rows))
