"""A FAISS index read from its file without copying it: every process that asks shares the same pages.

FAISS aborts the process when something is added to a mapped index, so nothing here adds or removes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ..kinds.base import Kind
from .device import on_gpu, resolve_device, search, to_device
from .sealed import BrokenSeal, Sealed

Rows = NDArray[np.int64]

BATCH = 32
"""From so many queries on, those of one cell are asked together: the lists they share stay in the processor's cache,
which halves the time.
"""

_one_at_a_time = Lock()

SPARE_BLOCKS = 1
"""A search that has to check what it reads checks so many blocks more, half a millisecond's worth: in a process that
asks often, all is checked in the end and nothing need be looked up any more.
"""


class MappedIndex:
    """An index of `kind` whose inverted lists, where it has such, are checked when a search first reads them."""

    def __init__(self, sealed: Sealed, kind: Kind, lists_at: int) -> None:
        """Check what lies before `lists_at` (schemas.manifest), then let FAISS read it. Raises Stale."""
        sealed.check(0, lists_at)
        self._sealed = sealed
        self._kind = kind
        self._parameters = lru_cache(maxsize=8)(kind.parameters)  # making them takes as long as a third of a search
        self.index = read_mapped(sealed.path)
        self._bounds = list_bounds(self.index, lists_at)
        self._unchecked = np.diff(self._bounds) > 0
        self._checked = not self._unchecked.any()
        self._in_cells = hasattr(self.index, "search_preassigned")
        self._on_gpu: Any = None

    def to(self, device: str) -> None:
        """Answer on "cpu", "cuda", or where there is a GPU ("auto"); all of the file is checked before it goes there.

        A kind that FAISS cannot hold on a GPU, and a search with a selector, stay on the CPU. Raises UsageError for
        "cuda" without a GPU.
        """
        self._on_gpu = None
        if resolve_device(device) == "cuda":
            self._sealed.check()
            moved = to_device(self.index, self._kind, "cuda")
            self._on_gpu = moved if on_gpu(moved) else None

    def search(self, queries: Float32, k: int, effort: int, selector: Any = None) -> tuple[Float32, Rows]:
        """Return the distances float32[q, k] and rows int64[q, k] that FAISS gives. Raises Stale for a damaged list."""
        if self._on_gpu is not None and selector is None:
            return search(self._on_gpu, self._kind, queries, k, effort)
        parameters = self._parameters(effort) if selector is None else self._kind.parameters(effort, selector)
        if not self._in_cells or (self._checked and len(queries) < BATCH):
            distances, rows = self.index.search(queries, k, params=parameters)
            return distances, rows
        near, lists = self.index.quantizer.search(queries, min(effort, self.index.nlist))
        if not self._checked:
            self._check_lists(lists)
        order = np.argsort(lists[:, 0], kind="stable")
        back = np.argsort(order, kind="stable")
        distances, rows = _search_lists(self.index, queries[order], k, near[order], lists[order], parameters)
        return distances[back], rows[back]

    @property
    def keeps_vectors(self) -> bool:
        """Whether `vectors` gives the rows that were added, at once: a flat or an HNSW index does, and one that is
        refined with the rows as they are.
        """
        import faiss

        return isinstance(self.index, faiss.IndexFlat | faiss.IndexHNSWFlat | faiss.IndexRefineFlat)

    @property
    def has_vectors(self) -> bool:
        """Whether `vectors` gives the rows that were added, if not at once: an index in plain lists does, too."""
        import faiss

        return self.keeps_vectors or isinstance(self.index, faiss.IndexIVFFlat)

    @property
    def exact_distances(self) -> bool:
        """Whether the distances of a search are those of the rows that were added, not of codes for them."""
        return self.has_vectors and self._on_gpu is None  # which keeps half floats

    def vectors(self, rows: Rows) -> Float32:
        """Return float32[r, d] of an index that `has_vectors`. Raises Stale for a damaged file.

        Where rows lie in lists, the first call checks the whole file and notes the place of each row, in 8 bytes.
        """
        if self.keeps_vectors:
            return self._flat.take(rows, axis=0).view(np.float32)
        if self.index.direct_map.no():
            self._check_all()
            self.index.make_direct_map()
        return np.asarray(self.index.reconstruct_batch(rows), dtype=np.float32)

    @cached_property
    def _flat(self) -> NDArray[np.uint8]:
        """uint8[n, 4 d]: the rows of an index that `keeps_vectors`, where they are mapped.

        As bytes, since they may begin anywhere in a file: of numbers that do not lie as the processor likes them NumPy
        would copy all to take some.
        """
        import faiss

        holder = getattr(self.index, "refine_index", None) or getattr(self.index, "storage", self.index)
        flat: Any = faiss.downcast_index(holder)
        rows = np.asarray(faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d)).reshape(flat.ntotal, flat.d)
        return rows.view(np.uint8)

    def _check_all(self) -> None:
        try:
            self._sealed.check()
        except BrokenSeal as reason:
            raise BrokenSeal(f"{reason}; run `echodex index build` again") from reason
        self._checked = True

    def _check_lists(self, lists: Rows) -> None:
        wanted = lists[lists >= 0]
        try:
            for each in np.unique(wanted[self._unchecked[wanted]]):
                self._sealed.check(int(self._bounds[each]), int(self._bounds[each + 1]))
                self._unchecked[each] = False
            self._sealed.check_more(SPARE_BLOCKS)
        except BrokenSeal as reason:
            raise BrokenSeal(f"{reason}; run `echodex index build` again") from reason
        self._checked = self._sealed.whole


def _search_lists(
    index: Any, queries: Float32, k: int, near: Float32, lists: Rows, parameters: Any
) -> tuple[Float32, Rows]:
    """Search in given lists. FAISS's wrapper for Python takes no parameters here, its C++ method does."""
    import faiss

    distances, rows = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
    given = [faiss.swig_ptr(array) for array in (queries, lists, near, distances, rows)]
    index.search_preassigned_c(len(queries), given[0], k, given[1], given[2], given[3], given[4], False, parameters)
    return distances, rows


def read_mapped(path: Path) -> Any:
    """Return the faiss.Index in a file, mapped; its file has been checked before.

    Raises FileNotFoundError, and BrokenSeal for what FAISS refuses: a seal says who wrote a file no more than the file.
    """
    import faiss

    flags = faiss.IO_FLAG_MMAP_IFC | faiss.IO_FLAG_SKIP_PRECOMPUTE_TABLE  # which may be larger than a small file
    try:
        with _bounded(path.stat().st_size):  # nothing in a file is larger than the file
            index = faiss.read_index(str(path), flags)
    except (RuntimeError, MemoryError) as error:
        path.stat()  # says so where another process has just built the index anew and swept this file
        reason = str(error).partition("\n")[0].rpartition(": ")[2][:80]
        raise BrokenSeal(f"{path} is no index that FAISS reads ({reason})") from error
    found = faiss.try_extract_index_ivf(index)
    lists: Any = None if found is None else faiss.downcast_index(found)
    if hasattr(lists, "precompute_table") and lists.by_residual:
        lists.precompute_table()
    return index


@contextmanager
def _bounded(size_bytes: int) -> Iterator[None]:
    """Let FAISS read no array of more than that. The bound is the process's: one file at a time, then as it was."""
    import faiss

    if not hasattr(faiss, "set_deserialization_vector_byte_limit"):
        yield
        return
    with _one_at_a_time:
        before = faiss.get_deserialization_vector_byte_limit()
        faiss.set_deserialization_vector_byte_limit(size_bytes)
        try:
            yield
        finally:
            faiss.set_deserialization_vector_byte_limit(before)


def lists_at(path: Path) -> int:
    """Return where the inverted lists begin in an index file: its size where they do not lie at its end, one by one.

    Compared with the lists themselves, so that a FAISS that lays files out otherwise costs time, never an answer.
    """
    size = path.stat().st_size
    index = read_mapped(path)
    start = size - _lists_bytes(index)
    return start if start < size and _lie_at(index, np.memmap(path, dtype=np.uint8, mode="r"), start) else size


def list_bounds(index: Any, start: int) -> Rows:
    """Return int64[nlist + 1]: where each inverted list begins in the file, the first at `start`."""
    return np.concatenate([[0], np.cumsum(_list_bytes(index))]) + start


def _list_bytes(index: Any) -> Rows:
    """Return int64[nlist]: bytes of the codes and ids of each list; none for an index without plain lists."""
    import faiss

    if not isinstance(index, faiss.IndexIVF):
        return np.empty(0, dtype=np.int64)
    lists: Any = faiss.downcast_InvertedLists(index.invlists)  # type: ignore[arg-type]
    if not isinstance(lists, faiss.ArrayInvertedLists):
        return np.empty(0, dtype=np.int64)
    sizes = np.array([lists.list_size(each) for each in range(lists.nlist)], dtype=np.int64)
    return sizes * (lists.code_size + 8)


def _lists_bytes(index: Any) -> int:
    return int(_list_bytes(index).sum())


def _lie_at(index: Any, content: NDArray[np.uint8], start: int) -> bool:
    """Whether every list is where `list_bounds` says: its codes, then its ids."""
    import faiss

    bounds = list_bounds(index, start)
    for each in range(len(bounds) - 1):
        size = index.invlists.list_size(each)
        if not size:
            continue
        codes = faiss.rev_swig_ptr(index.invlists.get_codes(each), size * index.invlists.code_size)
        ids = faiss.rev_swig_ptr(index.invlists.get_ids(each), size)
        found = content[bounds[each] : bounds[each + 1]]
        if not np.array_equal(found, np.concatenate([codes.view(np.uint8), ids.view(np.uint8)])):
            return False
    return True
