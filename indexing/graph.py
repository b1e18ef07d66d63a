"""The kNN graph of a space, kept beside its table: duplicates, clusters and selection all ask the same one.

Kept under indexes/<space>/graph-k15-exact or graph-k15-recall0.99. A graph that no longer fits its table is built
anew, one whose files are not what was written too, and work that was cut short goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Stale
from ..progress import Progress, silent
from ..schemas.graph import Graph, GraphManifest, GraphRecipe
from ..schemas.vector import Space, Vectors
from ..store.changes import changed_clips
from ..store.lock import writer_lock
from ..store.spaces import table_of
from ..store.vectors import read_pooled
from .neighbours.graph_search import GraphSearch, check_wish, prepare
from .neighbours.graph_store import Assembly, GraphFolder

if TYPE_CHECKING:
    from ..store.store import Store

WAIT_S = 24 * 3600.0
"""Whoever asks for a graph that another process is building waits for it: to build it twice would take longer."""

logger = logging.getLogger(__name__)


def knn_graph(
    store: Store,
    space: str | None = None,
    k: int = 15,
    *,
    exact: bool = False,
    recall: float = 0.99,
    device: str = "auto",
    progress: Progress = silent,
) -> Graph:
    """Return the k nearest others, by cosine, of every clip of a space: kept ones, or else found now and then kept.

    space: as Store.space takes it; exact: lists that miss nothing; recall: else the share of the true lists to find
    at least, on a sample; device: "auto", "cpu" or "cuda". A graph kept with a larger k, a higher recall or exact lists
    answers too. `progress` counts clips. Interrupted, it goes on at the next call.

    Raises UsageError for a k or recall out of range, NotFound without such a space, StorageError where it cannot be
    kept; what was found up to then stays.
    """
    check_wish(k, recall)
    found = store.space(space)
    recipe = GraphRecipe(found.name, found.identity, k, exact, 1.0 if exact else recall)
    kept = _kept(store, found, recipe)
    if kept:
        return kept
    folder = GraphFolder(store.folder("indexes", found.name, recipe.name))
    with writer_lock(folder.path, WAIT_S):
        return _kept(store, found, recipe) or _build(store, found, folder, recipe, device, progress)


def _kept(store: Store, space: Space, recipe: GraphRecipe) -> Graph | None:
    """Return the graph from a folder that serves the recipe, the smallest first; None where there is none."""
    able = []
    for folder, manifest in graph_folders(store.beside("indexes", space.name, only="graph.json")):
        if manifest.serves(recipe.k, recipe.exact, recipe.recall) and manifest.recipe.space == space.name:
            able.append((manifest.recipe.k, folder, manifest))
    for _, folder, manifest in sorted(able, key=lambda one: (one[0], one[1].path)):
        if not is_current(store, space, manifest):
            logger.info("%s is of another version of its table", folder.path)
            continue
        try:
            return _read(store, space, folder, manifest, recipe.k)
        except Stale as reason:
            logger.warning("%s; the graph is built anew", reason)
    return None


def graph_folders(shelf: Path) -> Iterator[tuple[GraphFolder, GraphManifest]]:
    """Yield the graphs of a space that have a manifest, whether finished or not."""
    for path in sorted(shelf.glob("graph-k*")):
        folder = GraphFolder(path)
        try:
            yield folder, folder.manifest()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except Stale as reason:
            logger.warning("%s; where it is asked for the graph is built anew", reason)


def is_current(store: Store, space: Space, manifest: GraphManifest) -> bool:
    """Return whether the table holds what it held when the graph was begun. Compaction changes only its version."""
    if manifest.recipe.space_identity != space.identity:
        return False
    return changed_clips(store.tables, table_of(space), manifest.table_version) == set()


def _read(store: Store, space: Space, folder: GraphFolder, manifest: GraphManifest, k: int) -> Graph:
    """Return a finished graph, every byte checked; raise Stale where its files are not what was written."""
    version = store.tables.version(table_of(space))
    assembly = Assembly(manifest.ntotal, k)
    for part in manifest.parts:
        assembly.put(folder.lists(part))
    if not assembly.done.all():
        raise Stale(f"{folder.path} does not hold the lists of all rows")
    clip_ids = folder.clip_ids(manifest)
    return Graph(
        clip_ids,
        assembly.ids,
        assembly.scores,
        manifest.exact,
        manifest.recalls[k - 1],
        manifest.effort,
        space.name,
        version,
    )


def _build(
    store: Store, space: Space, folder: GraphFolder, recipe: GraphRecipe, device: str, progress: Progress
) -> Graph:
    """Find the lists that the folder does not have yet, keep them as they come, and return the graph."""
    vectors = read_pooled(store.tables, space, None, store.tables.version(table_of(space)))
    search = prepare(
        vectors.matrix, recipe.k, exact=recipe.exact, recall=recipe.recall, device=device, workers=store.workers
    )
    assembly = Assembly(len(vectors), recipe.k)
    manifest = _begun(store, vectors, folder, recipe, search, assembly)
    total, done = len(vectors), int(assembly.done.sum())
    for lists in search.blocks(assembly.done):
        manifest = folder.add(manifest, lists)
        assembly.put(lists)
        done += len(lists.rows)
        progress("graph", done, total)
    finished = folder.finish(manifest, search.recalls(assembly.scores))
    return Graph(
        vectors.clip_ids,
        assembly.ids,
        assembly.scores,
        finished.exact,
        finished.recalls[-1],
        finished.effort,
        space.name,
        vectors.version,
    )


def _begun(
    store: Store,
    vectors: Vectors,
    folder: GraphFolder,
    recipe: GraphRecipe,
    search: GraphSearch,
    assembly: Assembly,
) -> GraphManifest:
    """Return a manifest to add parts to: that of unfinished work, whose lists go into `assembly`, or a new one."""
    try:
        manifest = folder.manifest()
        same = (manifest.recipe, manifest.exact) == (recipe, search.finder.exact)
        if same and is_current(store, vectors.space, manifest) and folder.clip_ids(manifest) == vectors.clip_ids:
            return folder.resume(manifest, assembly)
    except (FileNotFoundError, Stale):
        logger.debug("nothing in %s to go on with", folder.path)
    return folder.begin(recipe, vectors.version, vectors.clip_ids, search.finder.exact, search.finder.effort)
