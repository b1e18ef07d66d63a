"""A kNN graph in a folder: Arrow files, written one by one as lists are found, and a manifest that names them.

The manifest is replaced after every part, so that work cut short goes on where it stopped. A file is hashed before
Arrow parses it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...errors import Stale
from ...schemas.graph import GraphManifest, GraphPart, GraphRecipe, graph_schema
from ...schemas.vector import Float32
from ...store.files import remove, storage_errors, write_atomic
from ...store.lock import writer_lock
from ...store.remote.mirror import fetched, listed
from ..index.sealed import Sealed, seal
from ..index.shelf import read_arrow
from .graph_search import Lists

MANIFEST, CLIPS = "graph.json", "clips.arrow"

logger = logging.getLogger(__name__)


class Assembly:
    """The arrays of a graph while its lists come in: ids int64[n, k], scores float32[n, k], done bool[n]."""

    def __init__(self, n: int, k: int) -> None:
        self.ids = np.full((n, k), -1, dtype=np.int64)
        self.scores: Float32 = np.full((n, k), -np.inf, dtype=np.float32)
        self.done: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)

    def put(self, lists: Lists) -> None:
        """Take in the lists of some rows; of longer ones the first k."""
        k = self.ids.shape[1]
        self.ids[lists.rows], self.scores[lists.rows] = lists.ids[:, :k], lists.scores[:, :k]
        self.done[lists.rows] = True


class GraphFolder:
    """The files of one graph."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def manifest(self) -> GraphManifest:
        """Return the manifest. Raises FileNotFoundError where there is none, Stale where it is damaged."""
        path = fetched(self.path / MANIFEST)
        try:
            return GraphManifest.from_json(path.read_text(), str(path))
        except UnicodeDecodeError as error:
            raise Stale(f"{path} is not what was written") from error

    def clip_ids(self, manifest: GraphManifest) -> list[str]:
        """Return the clip of each row. Raises Stale where the file is not what was written."""
        return self._open(manifest.clips).column("clip_id").to_pylist()  # type: ignore[no-any-return]

    def lists(self, part: GraphPart) -> Lists:
        """Return the lists that a part holds. Raises Stale where the file is not what was written."""
        table = self._open(part)
        k = table.schema.field("ids").type.list_size
        ids, scores = (table.column(name).combine_chunks().flatten().to_numpy() for name in ("ids", "scores"))
        return Lists(table.column("row").to_numpy(), ids.reshape(-1, k), scores.reshape(-1, k))

    def begin(self, recipe: GraphRecipe, version: int, clip_ids: list[str], exact: bool, effort: int) -> GraphManifest:
        """Start a graph anew: write the clip ids and a manifest without parts, remove what was there before."""
        clips = self._write(CLIPS, pa.table({"clip_id": pa.array(clip_ids, pa.string())}))
        return self._put(GraphManifest(recipe, version, len(clip_ids), exact, effort, clips))

    def resume(self, manifest: GraphManifest, assembly: Assembly) -> GraphManifest:
        """Take in the parts that are whole, and return the manifest with no others."""
        whole = []
        for part in manifest.parts:
            try:
                assembly.put(self.lists(part))
            except Stale as reason:
                logger.warning("%s; its rows are searched again", reason)
            else:
                whole.append(part)
        return replace(manifest, parts=tuple(whole), recalls=(), finished=False)

    def add(self, manifest: GraphManifest, lists: Lists) -> GraphManifest:
        """Write one more part, then the manifest that names it; return that."""
        arrays = [pa.array(lists.rows)]
        for values in (lists.ids, lists.scores):
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            arrays.append(pa.FixedSizeListArray.from_arrays(flat, values.shape[1]))
        table = pa.table(arrays, schema=graph_schema(manifest.recipe.k))
        used = {part.file for part in manifest.parts}
        name = next(name for name in _part_names() if name not in used)
        part = self._write(name, table)
        return self._put(replace(manifest, parts=(*manifest.parts, part)))

    def finish(self, manifest: GraphManifest, recalls: Iterable[float]) -> GraphManifest:
        """Write the manifest of the whole graph and return it."""
        return self._put(replace(manifest, recalls=tuple(map(float, recalls)), finished=True))

    def drop(self) -> None:
        """Remove the files, once nobody is building them. Raises StoreLocked, StorageError.

        The folder and its lock stay, for whoever waits to build them.
        """
        with writer_lock(self.path), storage_errors(self.path):
            remove(self.path / MANIFEST)
            for path in listed(self.path):
                if path.suffix == ".arrow":
                    remove(path)

    def _open(self, part: GraphPart) -> pa.Table:
        try:
            return read_arrow(Sealed(fetched(self.path) / part.file, part.seal))
        except FileNotFoundError as error:
            raise Stale(f"{self.path / part.file} is missing") from error

    def _write(self, name: str, table: pa.Table) -> GraphPart:
        path = self.path / name

        def write(to: Path) -> None:
            with pa.OSFile(str(to), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)

        write_atomic(path, write)
        with storage_errors(path):
            return GraphPart(name, len(table), seal(path))

    def _put(self, manifest: GraphManifest) -> GraphManifest:
        """Write a manifest and remove the files that it does not name."""
        write_atomic(self.path / MANIFEST, manifest.to_json().encode())
        named = {part.file for part in (manifest.clips, *manifest.parts)}
        with storage_errors(self.path):
            for path in listed(self.path):
                if path.suffix == ".arrow" and path.name not in named:
                    remove(path)
        return manifest


def _part_names() -> Iterable[str]:
    number = 0
    while True:
        yield f"part-{number:05}.arrow"
        number += 1
