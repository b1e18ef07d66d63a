"""Opening an index: found on the shelf, checked, caught up with its table, or built anew where that is not possible."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...errors import NotFound, Stale, StorageError
from ...progress import Progress, silent
from ...schemas.manifest import CLIP, IndexManifest, Recipe
from ...schemas.vector import Space
from ...store.spaces import table_of
from ..kinds.registry import build_kind
from ..metric import Metric
from .build import BuildConfig, draft_index, drop_index, keep_index, recipe_of, rows_at, shelf_of
from .catchup import Change, change_since
from .live import OpenIndex
from .mapped import MappedIndex
from .rowids import RowIds
from .sealed import BrokenSeal
from .shelf import Shelf, read_arrow

if TYPE_CHECKING:
    from ...store.store import Store

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


def open_index(
    store: Store, space: Space, *, name: str | None = None, level: str = CLIP, progress: Progress = silent
) -> OpenIndex:
    """Return an index over a space as its table is now.

    name: of an index that was built; None: the one built last for the cosine, at this level, and where there is none
    one of the kind that suits the space, built now. An index whose table has changed is caught up with it; one that is
    damaged, or too far behind, is built again, and that is logged: it costs time, never a wrong answer. An open index
    is kept with the store object for the next call. Raises NotFound for an index that was never built.
    """
    shelf = shelf_of(store, space)
    key = ("index", space.name, name, level)
    kept = store.kept.get(key)
    version = store.tables.version(table_of(space))
    if isinstance(kept, _Kept) and kept.state == shelf.state() and kept.index.version == version:
        return kept.index
    index = None
    while index is None:  # until no other process replaces the files between their naming and their opening
        index = _found(store, space, name, level, version) or _built(store, space, name, level, progress)
    store.kept[key] = _Kept(shelf.state(), index)
    return index


def mended(
    work: Callable[[], Answer],
    store: Store,
    space: Space,
    *,
    name: str | None = None,
    level: str = CLIP,
    progress: Progress = silent,
) -> Answer:
    """Return what `work` returns, which asks the index that `open_index` gives for the same arguments.

    Where a part of its file turns out to be damaged when it is first read, the index is built again, that is logged,
    and `work` is done once more.
    """
    try:
        return work()
    except BrokenSeal as reason:
        logger.warning("%s: that is done now", reason)
    index = None
    while index is None:
        index = _built(store, space, name, level, progress)
    store.kept["index", space.name, name, level] = _Kept(shelf_of(store, space).state(), index)
    return work()


@dataclass(frozen=True)
class _Kept:
    """An open index, and the state of the shelf when it was opened."""

    state: tuple[tuple[str, int, int], ...]
    index: OpenIndex


def _chosen(shelf: Shelf, space: Space, name: str | None, level: str) -> IndexManifest | None:
    """Return the manifest of the index that is meant, None where it is damaged or there is none to choose from."""
    if name is None:
        fitting = (m for m in shelf.manifests() if m.recipe.level == level and m.recipe.metric == Metric.COSINE)
        return next((manifest for manifest in fitting if _is_of(manifest, space)), None)
    try:
        return shelf.manifest(name)
    except FileNotFoundError:
        known = ", ".join(shelf.names()) or "none"
        raise NotFound(
            f"space {space.name!r} has no index {name[:80]!r} (there is: {known}); `echodex index build` makes one"
        ) from None
    except Stale as reason:
        raise Stale(f"{reason}; run `echodex index build` for {name!r} again") from reason


def _is_of(manifest: IndexManifest, space: Space) -> bool:
    """Whether an index was made from this very space, not from one of the same name in another store or before."""
    return (manifest.space, manifest.space_identity, manifest.dim) == (space.name, space.identity, space.dim)


def _found(store: Store, space: Space, name: str | None, level: str, version: int) -> OpenIndex | None:
    """Return the index that is meant, caught up to `version`; None, and say why, where it has to be built."""
    shelf = shelf_of(store, space)
    manifest = _chosen(shelf, space, name, level)
    if manifest is None:
        return None
    try:
        return _mapped(shelf, manifest, _change(store, space, manifest, version))
    except FileNotFoundError as error:
        if _chosen(shelf, space, name, level) != manifest:  # another process has just built it anew
            return _found(store, space, name, level, version)
        logger.warning("%s is missing; the index is built again", error.filename)
    except Stale as reason:
        logger.warning("%s; the index is built again", reason)
    return None


def _change(store: Store, space: Space, manifest: IndexManifest, version: int) -> Change:
    """Return what changed from the index to `version`. Raises Stale where the index cannot be caught up."""
    if not _is_of(manifest, space):
        raise Stale(f"index {manifest.name!r} beside space {space.name!r} is of another space")
    if manifest.table_version == version:
        return Change.none(version, space.dim, manifest.recipe.level)
    change = change_since(store, space, manifest, version)
    if change is None:
        raise Stale(f"index {manifest.name!r} of space {space.name!r} is too far behind its table")
    return change


def _mapped(shelf: Shelf, manifest: IndexManifest, change: Change) -> OpenIndex:
    index_file, ids_file = shelf.open(manifest)
    kind = build_kind(manifest.recipe.kind, manifest.recipe.settings)
    ids = RowIds(read_arrow(ids_file), manifest.ntotal)
    mapped = MappedIndex(index_file, kind, manifest.lists_at)
    if (mapped.index.ntotal, mapped.index.d) != (manifest.ntotal, manifest.dim):
        raise Stale(f"{index_file.path} is not the index that its manifest tells of")
    opened = OpenIndex(manifest, kind, mapped, ids, change)
    if not kind.selects and not opened.alive.all():
        raise Stale(f"index {manifest.name!r} cannot pass over the clips that are gone")
    return opened


def _recipe(store: Store, space: Space, name: str | None, level: str, last: IndexManifest | None) -> Recipe:
    """Return the recipe of the index that was asked for by name or by kind, else one that suits the space as it is.

    Where one of the kind that suits was asked for before, that is built again as it was asked for.
    """
    if last and (name or not last.recipe.chosen):
        return last.recipe
    config = BuildConfig(level=level, recall=last.recipe.target if last else None)
    recipe, reason = recipe_of(config, rows_at(store, space, level), space.dim)
    if not last or recipe != last.recipe:
        logger.info("space %s gets an index of kind %r: %s", space.name, recipe.kind, reason)
    asked = (m.recipe for m in shelf_of(store, space).manifests() if _is_of(m, space) and not m.recipe.chosen)
    same = (recipe.name, recipe.metric, recipe.level)
    return next((own for own in asked if (own.name, own.metric, own.level) == same), recipe)


def _built(store: Store, space: Space, name: str | None, level: str, progress: Progress) -> OpenIndex | None:
    """Return a new index: kept in the store, or where it cannot be written, for this process alone.

    None where another process has replaced it before it could be opened. An index that was chosen, and is not asked for
    by its name, goes when one of another kind takes its place.
    """
    shelf = shelf_of(store, space)
    last = _chosen(shelf, space, name, level)
    draft = draft_index(store, space, _recipe(store, space, name, level, last), progress=progress)
    change = Change.none(draft.manifest.table_version, space.dim, level)
    try:
        built = _mapped(shelf, keep_index(store, space, draft), change)
    except FileNotFoundError:
        return None
    except StorageError as error:
        logger.warning("the index of %s is not kept: %s", space.name, error)
    else:
        if last and last.recipe.chosen and last.name != built.manifest.name:
            with suppress(NotFound):  # another process was as quick
                drop_index(store, space, last.name)
        return built
    with tempfile.TemporaryDirectory() as folder:  # what is mapped stays readable after its file is gone
        shelf = Shelf(Path(folder))
        return _mapped(shelf, draft.put(shelf), change)
