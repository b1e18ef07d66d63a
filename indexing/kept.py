"""What is kept beside the table of a space: which graphs there are, and removing an index or a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFound
from ..schemas.graph import GraphManifest
from .graph import graph_folders
from .index.build import drop_index, shelf_of
from .neighbours.graph_store import GraphFolder

if TYPE_CHECKING:
    from ..store.store import Store


def graphs(store: Store, *, space: str | None = None) -> list[GraphManifest]:
    """Return the manifests of the kNN graphs of a space, by name, those unfinished too. Raises NotFound."""
    return [manifest for _, manifest in graph_folders(store.folder("indexes", store.space(space).name))]


def drop(store: Store, name: str, *, space: str | None = None) -> None:
    """Remove an index of a space, or a graph; of one name, the index. Raises NotFound, naming what there is."""
    found = store.space(space)
    shelf = shelf_of(store, found)
    folders = sorted(path.parent.name for path in shelf.folder.glob("*/graph.json"))
    if name in shelf.names():
        drop_index(store, found, name)
    elif name in folders:
        GraphFolder(shelf.folder / name).drop()
    else:
        known = ", ".join([*shelf.names(), *folders]) or "none"
        raise NotFound(f"index or graph {name[:80]!r} does not exist in {shelf.folder} (there is: {known})")
