"""What is kept beside the table of a space: which graphs there are, and removing an index or a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import NotFound
from ..schemas.graph import GraphManifest
from ..store.remote.mirror import fetched
from ..store.spaces import table_of
from ..store.versions import Hold
from .graph import graph_folders, is_current
from .index.build import drop_index, shelf_of
from .neighbours.graph_store import GraphFolder

if TYPE_CHECKING:
    from ..store.store import Store


def graphs(store: Store, *, space: str | None = None) -> list[GraphManifest]:
    """Return the manifests of the kNN graphs of a space, by name, those unfinished too. Raises NotFound."""
    return [
        manifest for _, manifest in graph_folders(store.beside("indexes", store.space(space).name, only="graph.json"))
    ]


def holds(store: Store) -> Iterator[Hold]:
    """Yield the versions of tables that graphs need: those of the graphs that are current, by which they are known to
    be. What an index needs has a tag.
    """
    for space in store.spaces():
        for folder, manifest in graph_folders(store.beside("indexes", space.name, only="graph.json")):
            if is_current(store, space, manifest):
                yield Hold(table_of(space), manifest.table_version, folder.path.name)


def drop(store: Store, name: str, *, space: str | None = None) -> None:
    """Remove an index of a space, or a graph; of one name, the index. Raises NotFound, naming what there is."""
    found = store.space(space)
    shelf = shelf_of(store, found)
    folders = sorted(path.parent.name for path in fetched(shelf.folder, "*.json").glob("*/graph.json"))
    if name in shelf.names():
        drop_index(store, found, name)
    elif name in folders:
        GraphFolder(shelf.folder / name).drop()
    else:
        known = ", ".join([*shelf.names(), *folders]) or "none"
        raise NotFound(f"index or graph {name[:80]!r} does not exist in {shelf.folder} (there is: {known})")
