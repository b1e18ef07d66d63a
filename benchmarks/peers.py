"""What is compared by search.py: echodex's own kinds of index, and other libraries', behind one protocol.

All are asked for the largest inner product of unit rows. Peers are built with their defaults, but where a comment says
otherwise; what they spend on a search is tuned by search.py, as it is for ours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from echodex.api import Store
from echodex.schemas.vector import Float32

Rows = NDArray[np.int64]
Setting = tuple[int, ...]

EF = (10, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
PROBES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128)


class Contender(Protocol):
    """An index that can be built, weighed and asked; made from float32[n, d], rows of unit length, and threads."""

    def build(self) -> None:
        """Build the index, and be ready to search. What the constructor does is no part of building."""

    def ladders(self) -> Sequence[Sequence[Setting]]:
        """Return the settings of a search; in each ladder recall and cost rise from step to step."""

    def search(self, queries: Float32, k: int, setting: Setting) -> Rows:
        """Return the rows int64[q, k] found for float32[q, d], in one call where the library has one."""

    def megabytes(self) -> float:
        """Return the size of what was built on disk."""


class Ours:
    """A kind of echodex through its own layer: built from the store at `folder`, opened mapped from its file.

    Its build reads the table, tunes on held-out rows, hashes and writes; that of a peer only builds.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        import faiss  # noqa: F401  (loading libraries takes seconds that are no part of building)
        import lancedb  # noqa: F401

        self.kind, self.store = kind, Store.open(folder, create=False)

    def build(self) -> None:
        from echodex.indexing.index.build import BuildConfig, build_index
        from echodex.indexing.index.opened import open_index

        build_index(self.store, BuildConfig(kind=self.kind, device="cpu"))
        self.index = open_index(self.store, self.store.space(), name=self.kind)

    def ladders(self) -> Sequence[Sequence[Setting]]:
        return [[(effort,) for effort in self.built().efforts(self.index.manifest.ntotal)] or [(0,)]]

    def search(self, queries: Float32, k: int, setting: Setting) -> Rows:
        self.at(setting)
        return self.index.search(queries, k)[0]

    def at(self, setting: Setting) -> None:
        """Let the index search at another effort than the one it was tuned to."""
        if self.index.manifest.effort != setting[0]:
            self.index.manifest = replace(self.index.manifest, effort=setting[0])

    def bare(self, setting: Setting) -> Callable[[Float32, int], Any]:
        """Return the search of FAISS itself on the same file with the same parameters."""
        from echodex.indexing.index.build import shelf_of
        from echodex.indexing.index.mapped import read_mapped

        folder = shelf_of(self.store, self.store.space()).folder
        index, parameters = read_mapped(folder / self.index.manifest.index_file), self.built().parameters(setting[0])
        return lambda queries, k: index.search(queries, k, params=parameters)

    def built(self) -> Any:
        """Return the kind of the index."""
        from echodex.indexing.kinds.registry import build_kind

        return build_kind(self.kind, self.index.manifest.recipe.settings)

    def megabytes(self) -> float:
        return self.index.manifest.size_bytes / 1e6


class Hnswlib:
    """hnswlib."""

    def __init__(self, matrix: Float32, threads: int) -> None:
        self.matrix, self.threads = matrix, threads

    def build(self) -> None:
        import hnswlib

        self.index = hnswlib.Index("ip", self.matrix.shape[1])
        self.index.init_index(len(self.matrix))
        self.index.set_num_threads(self.threads)
        self.index.add_items(self.matrix)

    def ladders(self) -> Sequence[Sequence[Setting]]:
        return [[(ef,) for ef in EF]]

    def search(self, queries: Float32, k: int, setting: Setting) -> Rows:
        self.index.set_ef(*setting)
        return self.index.knn_query(queries, k)[0].astype(np.int64)

    def megabytes(self) -> float:
        return _saved(self.index.save_index)


class Usearch:
    """usearch, which keeps its vectors as `dtype`."""

    def __init__(self, matrix: Float32, threads: int, dtype: str) -> None:
        self.matrix, self.threads, self.dtype = matrix, threads, dtype

    def build(self) -> None:
        from usearch.index import Index

        self.index = Index(ndim=self.matrix.shape[1], metric="ip", dtype=self.dtype)
        self.index.add(np.arange(len(self.matrix)), self.matrix, threads=self.threads)

    def ladders(self) -> Sequence[Sequence[Setting]]:
        return [[(ef,) for ef in EF]]

    def search(self, queries: Float32, k: int, setting: Setting) -> Rows:
        (self.index.expansion_search,) = setting
        return np.asarray(self.index.search(queries, k, threads=self.threads).keys, dtype=np.int64).reshape(-1, k)

    def megabytes(self) -> float:
        return _saved(self.index.save)


class Lance:
    """An index of LanceDB's own on a table in a temporary folder. A batch is one call: its form for many queries."""

    def __init__(self, matrix: Float32, config: Any) -> None:
        import lancedb
        import pyarrow as pa

        vectors = pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1])
        rows = pa.table({"id": pa.array(np.arange(len(matrix))), "vector": vectors})
        self.config, self.folder = config, tempfile.TemporaryDirectory()
        self.table = lancedb.connect(self.folder.name).create_table("rows", rows)

    def build(self) -> None:
        self.table.create_index("vector", config=self.config)

    def search(self, queries: Float32, k: int, setting: Setting) -> Rows:
        probes, refine, ef = setting
        asked = self.table.search(list(queries) if len(queries) > 1 else queries[0], vector_column_name="vector")
        asked = asked.distance_type("dot").nprobes(probes)
        asked = asked.refine_factor(refine) if refine else asked
        asked = asked.ef(ef) if ef else asked
        found = asked.select(["id", "_distance"]).limit(k).to_arrow()
        return _per_query(found, len(queries), k)

    def megabytes(self) -> float:
        files = Path(self.folder.name).rglob("_indices/**/*")
        return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def _per_query(found: Any, queries: int, k: int) -> Rows:
    """Return int64[queries, k] of LanceDB's answer, -1 where a query was given fewer than k rows."""
    rows = np.full((queries, k), -1, dtype=np.int64)
    owners = found.column("query_index").to_numpy() if queries > 1 else np.zeros(len(found), dtype=np.int64)
    starts = np.searchsorted(owners, np.arange(queries))
    rows[owners, np.arange(len(owners)) - starts[owners]] = found.column("id").to_numpy()
    return rows


class LanceIvfPq(Lance):
    """LanceDB's IVF_PQ, refined with the vectors of the table; twice its default's bytes a vector: that needs less."""

    def __init__(self, matrix: Float32, threads: int) -> None:  # noqa: ARG002  (search.py sets LANCE_CPU_THREADS)
        from lancedb.index import IvfPq

        super().__init__(matrix, IvfPq(distance_type="dot", num_sub_vectors=matrix.shape[1] // 8))

    def ladders(self) -> Sequence[Sequence[Setting]]:
        return [[(probes, refine, 0) for probes in PROBES] for refine in (2, 4, 8, 16, 32)]


class LanceIvfHnswSq(Lance):
    """LanceDB's IVF_HNSW_SQ as one graph: of several, all would have to be asked."""

    def __init__(self, matrix: Float32, threads: int) -> None:  # noqa: ARG002
        from lancedb.index import HnswSq

        super().__init__(matrix, HnswSq(distance_type="dot", num_partitions=1))

    def ladders(self) -> Sequence[Sequence[Setting]]:
        return [[(1, refine, ef) for ef in EF if ef >= 10 * refine] for refine in (0, 2, 4)]


PEERS: dict[str, Callable[[Float32, int], Contender]] = {
    "hnswlib": Hnswlib,
    "usearch_f32": partial(Usearch, dtype="f32"),
    "usearch_bf16": partial(Usearch, dtype="bf16"),
    "lancedb_ivf_pq": LanceIvfPq,
    "lancedb_ivf_hnsw_sq": LanceIvfHnswSq,
}
RIVALS = ("hnswlib", "usearch", "lancedb_ivf_pq", "lancedb_ivf_hnsw_sq")
"""Whom the figures name; the best of the PEERS whose names begin so counts."""


def _saved(save: Callable[[str], Any]) -> float:
    """Return the megabytes of the file that `save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        save(str(path))
        return path.stat().st_size / 1e6
