"""The exact index of a space: every vector, by inner product. A cache on disk, rebuilt whenever it does not fit.

Three files under indexes/<space>/: the FAISS index, the clip ids of its rows (Arrow), and a manifest, written last.
The manifest's size and hash are of the first two together; they and every other field are compared before FAISS or
Arrow parses a byte. Two processes that build at once write the same content; a reader that meets half of each finds
that the hash differs and builds its own.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import Stale, StorageError
from ..schemas.manifest import IndexManifest
from ..schemas.vector import Float32, Space
from ..store.files import write_atomic
from ..store.spaces import table_of
from ..store.vectors import read_pooled

if TYPE_CHECKING:
    from ..store.store import Store

INDEX_FILE, IDS_FILE, MANIFEST_FILE = "flat.faiss", "flat.ids.arrow", "flat.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FlatIndex:
    """An exact index in memory: row i is the unit vector of `clip_ids[i]`; `index` is a faiss.IndexFlatIP."""

    clip_ids: list[str]
    index: Any

    def search(
        self, queries: Float32, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Float32]:
        """Return the k nearest rows int64[q, k] and their cosines float32[q, k], best first, ties by row.

        queries: float32[q, d], L2-normalised; allowed: bool[n], the rows that may be found (None: all). k is cut to
        what there is.
        """
        import faiss

        k = min(k, self.index.ntotal if allowed is None else int(allowed.sum()))
        if k < 1:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        parameters = None
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, rows = self.index.search(np.ascontiguousarray(queries, dtype=np.float32), k, params=parameters)
        best = np.lexsort((rows, -scores), axis=1)
        return np.take_along_axis(rows, best, axis=1), np.take_along_axis(scores, best, axis=1)

    def vector(self, row: int) -> Float32:
        """Return the unit vector float32[d] of a row."""
        return np.asarray(self.index.reconstruct(row), dtype=np.float32)


def library_version() -> str:
    """Return the version of FAISS, importing it."""
    import faiss

    return str(faiss.__version__)


def build_flat(clip_ids: list[str], matrix: Float32) -> FlatIndex:
    """Return the exact index of float32[n, d] (L2-normalised), in memory."""
    import faiss

    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(np.ascontiguousarray(matrix, dtype=np.float32))
    return FlatIndex(clip_ids, index)


def open_flat(store: Store, space: Space) -> FlatIndex:
    """Return the exact index of all vectors of a space as its table is now, from the cache where that fits.

    A cache that is stale or damaged, or that cannot be written, is logged and costs time, never a wrong answer.
    """
    version = store.tables.version(table_of(space))
    folder = store.folder("indexes", space.name)
    expected = _manifest(space, version)
    try:
        return _read(folder, expected)
    except FileNotFoundError:
        logger.debug("no index of %s yet", space.name)
    except Stale as reason:
        logger.info("%s; it is rebuilt from the table", reason)
    vectors = read_pooled(store.tables, space, None, version)
    built = build_flat(vectors.clip_ids, vectors.matrix)
    try:
        _write(folder, expected, built)
    except StorageError as error:
        logger.warning("the index of %s is not kept: %s", space.name, error)
    return built


def _manifest(space: Space, version: int) -> IndexManifest:
    """Return what the manifest of this version must say, but for what depends on the content."""
    return IndexManifest(
        kind="flat",
        dim=space.dim,
        metric="cosine",
        ntotal=0,
        space=space.name,
        encoder_digest=space.digest,
        table_version=version,
        sha256="",
        size_bytes=0,
        faiss_version=library_version(),
    )


def _read(folder: Path, expected: IndexManifest) -> FlatIndex:
    """Return the cached index. Raises FileNotFoundError where there is none, Stale where it is not the one expected."""
    import faiss

    where = folder / INDEX_FILE
    found = IndexManifest.from_json(_text(folder / MANIFEST_FILE), str(folder / MANIFEST_FILE))
    if found != replace(expected, ntotal=found.ntotal, sha256=found.sha256, size_bytes=found.size_bytes):
        raise Stale(f"{where} was made from another version of its table or by another FAISS")
    if sum((folder / name).stat().st_size for name in (INDEX_FILE, IDS_FILE)) != found.size_bytes:
        raise Stale(f"{where} is not of the size that was written")
    index_bytes, ids_bytes = (folder / INDEX_FILE).read_bytes(), (folder / IDS_FILE).read_bytes()
    if _sha256(index_bytes, ids_bytes) != found.sha256:
        raise Stale(f"{where} is not what was written")
    index = faiss.deserialize_index(np.frombuffer(index_bytes, dtype=np.uint8))
    with pa.ipc.open_file(pa.BufferReader(ids_bytes)) as reader:
        clip_ids = reader.read_all().column("clip_id").to_pylist()
    return FlatIndex(clip_ids, index)


def _write(folder: Path, expected: IndexManifest, built: FlatIndex) -> None:
    import faiss

    index_bytes = faiss.serialize_index(built.index).tobytes()
    ids_bytes = _arrow(built.clip_ids)
    manifest = replace(
        expected,
        ntotal=len(built.clip_ids),
        sha256=_sha256(index_bytes, ids_bytes),
        size_bytes=len(index_bytes) + len(ids_bytes),
    )
    write_atomic(folder / INDEX_FILE, index_bytes)
    write_atomic(folder / IDS_FILE, ids_bytes)
    write_atomic(folder / MANIFEST_FILE, manifest.to_json().encode())


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError as error:
        raise Stale(f"{path} is damaged") from error


def _sha256(*parts: bytes) -> str:
    state = hashlib.sha256()
    for part in parts:
        state.update(part)
    return state.hexdigest()


def _arrow(clip_ids: list[str]) -> bytes:
    table = pa.table({"clip_id": pa.array(clip_ids, pa.string())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
