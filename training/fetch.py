"""What a reader hands to the loader for some rows of a view, and who decides which rows are read together."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import get_worker_info

from ..schemas.vector import Float32

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Fetched:
    """rows: int64[m], those that could be read; inputs: float32[m, d] or [m, samples]; skipped: clip id -> why not."""

    rows: Rows
    inputs: torch.Tensor
    skipped: dict[str, str] = field(default_factory=dict)


class Reader(Protocol):
    """Reads rows of a view. Pickles to paths and plain data; opens what it needs in the process that reads."""

    def fetch(self, rows: Rows, epoch: int) -> Fetched:
        """Return the inputs of `rows`, in that order."""


@dataclass(frozen=True)
class _Chosen:
    """Some rows of another reader."""

    reader: Reader
    places: Rows

    def fetch(self, rows: Rows, epoch: int) -> Fetched:
        """Return the inputs of `rows` of those chosen; the other reader must be one that skips none."""
        return Fetched(rows, self.reader.fetch(self.places[rows], epoch).inputs)


def chosen(clip_ids: list[str], reader: Reader, wanted: Collection[str] | None) -> tuple[list[str], Reader]:
    """Return those of `clip_ids` that are wanted (None: all), in the same order, and the reader of their rows."""
    if wanted is None:
        return clip_ids, reader
    these = set(wanted)
    places = np.array([place for place, clip_id in enumerate(clip_ids) if clip_id in these], np.int64)
    return [clip_ids[place] for place in places], _Chosen(reader, places)


def gather(matrix: Float32, rows: Rows) -> torch.Tensor:
    """Return `matrix[rows]` for float32[n, d] and rows below n.

    By NumPy on one thread: PyTorch's parallel gather is a little faster on an idle machine, and many times slower on a
    busy one, where its threads wait for each other.
    """
    if get_worker_info() is None:
        return torch.from_numpy(np.take(matrix, rows, axis=0, mode="clip"))
    batch = empty_batch(len(rows), matrix.shape[1])
    np.take(matrix, rows, axis=0, out=batch.numpy(), mode="clip")  # the other modes make a copy first
    return batch


def empty_batch(rows: int, columns: int) -> torch.Tensor:
    """Return an empty float32[rows, columns]; in a worker, in the shared memory that its batches travel through."""
    if get_worker_info() is None:
        return torch.empty(rows, columns)
    shared: Any = torch.UntypedStorage
    storage: torch.UntypedStorage = shared._new_shared(4 * rows * columns)  # as PyTorch's own default_collate does
    return torch.empty(0).set_(storage, 0, (rows, columns), (columns, 1))


def fetch_batches(reader: Reader, batches: dict[int, Rows], lanes: int, reach: int, epoch: int) -> Iterator[Fetched]:
    """Yield every batch of `batches` (number -> rows, ascending) as read.

    Of each lane (number mod `lanes`) the next batches, up to `reach`, are read in one go: they are what was shuffled
    together, so that their rows are runs of the table. With `reach` 1 each batch is read for itself.
    """
    if reach == 1:
        for rows in batches.values():
            yield reader.fetch(rows, epoch)
        return
    queues: dict[int, deque[int]] = {}
    for number in batches:
        queues.setdefault(number % lanes, deque()).append(number)
    waiting: dict[int, Fetched] = {}
    for number in batches:
        if number not in waiting:
            queue = queues[number % lanes]
            together = [queue.popleft() for _ in range(min(reach, len(queue)))]
            waiting.update(_read_together(reader, {n: batches[n] for n in together}, epoch))
        yield waiting.pop(number)


def _read_together(reader: Reader, batches: dict[int, Rows], epoch: int) -> dict[int, Fetched]:
    """Read the rows of several batches in ascending order, and deal them out."""
    wanted = np.concatenate(list(batches.values()))
    order = np.argsort(wanted, kind="stable")
    found = reader.fetch(wanted[order], epoch).inputs
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    parts = np.split(back, np.cumsum([len(rows) for rows in batches.values()])[:-1])
    return {
        number: Fetched(rows, found[torch.from_numpy(part)])
        for (number, rows), part in zip(batches.items(), parts, strict=True)
    }
