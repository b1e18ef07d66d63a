"""Indexes and graphs against the spaces that they were made from. They are caches: mending one is taking it away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import Stale
from ..schemas.finding import Damage, Finding
from ..schemas.manifest import IndexManifest, Seal
from ..schemas.vector import Space
from ..store.checking.opened import Failed, tried
from ..store.checking.table import Looked
from ..store.files import remove
from ..store.lock import writer_lock
from ..store.spaces import PREFIX, list_spaces, table_of
from .index.build import tag_of
from .index.sealed import Sealed
from .index.shelf import Shelf, read_arrow
from .neighbours.graph_store import MANIFEST, GraphFolder

if TYPE_CHECKING:
    from ..store.store import Store

FOLDER = "indexes"
TAKEN_AWAY = "taken away; it is built again when it is next asked for"


def index_findings(store: Store, looked: Mapping[str, Looked], *, data: bool) -> Iterator[Finding]:
    """Yield what is wrong with the indexes and graphs of a store; data: whether every byte of them is compared.

    looked: what looking at each table came to. `where` of a finding is the manifest, or the folder of a space.
    """
    known = tried(partial(list_spaces, store.tables))
    if isinstance(known, Failed):  # told of the table
        return
    by_folder = {space.name: space for space in known}
    spaces = [space for space in known if table_of(space) in looked]  # others may have come since
    for folder in sorted(path for path in store.beside(FOLDER).glob("*") if path.is_dir()):
        space = by_folder.get(folder.name)
        if space is None:
            what = f"{folder.name} has indexes, but there is no such space"
            yield Finding(Damage.INDEX, f"{FOLDER}/{folder.name}", what, TAKEN_AWAY, False)
        elif space in spaces:
            yield from _of_shelf(store, Shelf(folder), space, looked[table_of(space)], data)
    for space in spaces:
        yield from _tags(store, space, looked[table_of(space)])


def drop_cache(store: Store, where: str) -> str:
    """Take away the index, the graph or the folder that a finding names; return what was done."""
    path = store.path / where
    if path.parent.parent == store.path / FOLDER and path.suffix == ".json":
        with writer_lock(store.path):
            Shelf(path.parent).drop(path.stem)
            store.tables.untag(PREFIX + path.parent.name, tag_of(path.stem))
    elif path.name == MANIFEST:
        GraphFolder(path.parent).drop()
    elif path.is_dir():
        for file in [file for file in path.rglob("*") if file.is_file()]:
            remove(file)
        shutil.rmtree(path)
    else:
        remove(path)
    return f"{where} is taken away"


def _of_shelf(store: Store, shelf: Shelf, space: Space, looked: Looked, data: bool) -> Iterator[Finding]:
    named = set()
    for name in shelf.names():
        where = f"{FOLDER}/{space.name}/{name}.json"
        manifest = tried(partial(shelf.manifest, name))
        if isinstance(manifest, Failed):
            yield Finding(Damage.INDEX, where, f"index {name} of {space.name}: {manifest.why}", TAKEN_AWAY, False)
            continue
        named |= {manifest.index_file, manifest.ids_file}
        why = tried(partial(_index_damage, store, shelf, space, manifest, looked, data))
        said = why.why if isinstance(why, Failed) else why
        if said:
            yield Finding(Damage.INDEX, where, f"index {name} of {space.name}: {said}", TAKEN_AWAY, False)
        elif looked.held.get(tag_of(name)) != manifest.table_version:
            what = f"index {name} of {space.name}: nobody can tell what changed since, as its tag is gone"
            yield Finding(Damage.STALE, where, what, TAKEN_AWAY, False)
    for path in sorted(shelf.folder.glob("*-*.*")):
        if path.suffix in (".faiss", ".arrow") and path.name not in named:
            where = f"{FOLDER}/{space.name}/{path.name}"
            yield Finding(Damage.INDEX, where, f"{where} is of no index: a process was killed", TAKEN_AWAY, False)
    for path in sorted(shelf.folder.glob(f"*/{MANIFEST}")):
        why = tried(partial(_graph_damage, GraphFolder(path.parent), space, data))
        said = why.why if isinstance(why, Failed) else why
        if said:
            where = f"{FOLDER}/{space.name}/{path.parent.name}/{MANIFEST}"
            yield Finding(Damage.INDEX, where, f"{path.parent.name} of {space.name}: {said}", TAKEN_AWAY, False)


def _index_damage(store: Store, shelf: Shelf, space: Space, manifest: IndexManifest, looked: Looked, data: bool) -> str:
    """Return why an index cannot be used, "" where it can. Raises what reading its files raises."""
    if (manifest.space, manifest.space_identity, manifest.dim) != (space.name, space.identity, space.dim):
        return "it is of another space"
    index, ids = shelf.open(manifest)
    if not data:
        return ""
    index.check()
    read = looked.read.get(manifest.table_version)
    if manifest.table_version in looked.lost or (read is not None and not read.sound):
        return "it was made from rows that are not what was written"
    known = store.tables.scan(table_of(space), ["clip_id"], version=manifest.table_version).column(0)
    owners = read_arrow(ids).column("clip_id").cast(pa.string())
    unknown = pc.sum(pc.invert(pc.is_in(owners, value_set=known.combine_chunks()))).as_py()
    return f"{unknown} of its rows are of nothing in the space" if unknown else ""


def _graph_damage(folder: GraphFolder, space: Space, data: bool) -> str:
    manifest = folder.manifest()
    if (manifest.recipe.space, manifest.recipe.space_identity) != (space.name, space.identity):
        return "it is of another space"
    for part in (manifest.clips, *manifest.parts):
        _check_file(folder.path / part.file, part.seal, data)
    return ""


def _check_file(path: Path, seal: Seal, data: bool) -> None:
    try:
        sealed = Sealed(path, seal)
    except FileNotFoundError as error:
        raise Stale(f"{path.name} is missing") from error
    if data:
        sealed.check()


def _tags(store: Store, space: Space, looked: Looked) -> Iterator[Finding]:
    """Yield the tags of indexes that are gone."""
    stem = tag_of("")
    for tag in looked.held:
        name = tag.removeprefix(stem)
        if tag.startswith(stem) and not (store.beside(FOLDER, space.name, only="*.json") / f"{name}.json").exists():
            what = f"tag {tag} of {looked.table} is of no index: it keeps a version that nobody needs"
            yield Finding(Damage.LEFT, f"{looked.table}:{tag}", what, "taken away", False)
