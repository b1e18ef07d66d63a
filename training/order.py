"""In what order an epoch visits the rows of a view: pure functions of (seed, epoch), the same on every machine.

The rows are permuted in blocks, so that a table is read in runs; the permuted sequence is cut into equal shares, one
per rank (`shares`), each share into lanes, and the rows of a lane are shuffled within buffers of a few batches. Batch
j of a rank is the next one of lane j mod lanes. Nothing here knows of workers: whoever loads batch j, it is the same
batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .shards import Shard, lane_sizes

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Shuffle:
    """How rows are mixed. `block_rows` neighbours stay together until the buffer (1: rows are permuted one by one).

    `lanes` independent readers share an epoch; `buffer_batches` batches of a lane are read together and mixed. One
    lane and blocks of one row is the plain random permutation, for vectors in memory and audio files; the rest is for
    reading a table in runs.
    """

    seed: int = 0
    block_rows: int = 1
    lanes: int = 1
    buffer_batches: int = 1


def epoch_rows(count: int, shuffle: Shuffle, shard: Shard, epoch: int) -> Rows:
    """Return int64[m]: the rows (of `count`) of one rank's epoch, batch after batch; batch j is [j * size : (j + 1) *
    size].

    `m` is the same for every rank. Without padding, each row comes at most once over all ranks.
    """
    rows = _share(_permuted(count, shuffle, epoch), shard)
    if shuffle.block_rows == 1:
        return rows
    lanes = np.split(rows, np.cumsum(lane_sizes(shard.batches(count), len(rows), shard.batch_size, shuffle.lanes))[:-1])
    reach = shuffle.buffer_batches * shard.batch_size
    mixed = [
        _mixed(lane, reach, keys(len(lane), shuffle.seed, epoch, 1, shard.rank, number))
        for number, lane in enumerate(lanes)
    ]
    return _dealt(mixed, shard.batch_size)


def keys(count: int, *seed: int) -> NDArray[np.uint64]:
    """Return `count` random 64-bit numbers that depend on `seed` (whole numbers >= 0) alone.

    Raw output of PCG64, which NumPy keeps stable between releases, unlike `Generator.permutation`.
    """
    return np.random.PCG64(np.random.SeedSequence(list(seed))).random_raw(count)


def _permuted(count: int, shuffle: Shuffle, epoch: int) -> Rows:
    size = shuffle.block_rows
    blocks = np.argsort(keys(-(-count // size), shuffle.seed, epoch, 0), kind="stable")
    if size == 1:
        return blocks
    rows = (blocks[:, None] * size + np.arange(size)).reshape(-1)
    return rows[rows < count]


def _share(rows: Rows, shard: Shard) -> Rows:
    """Return the rank's share of the permuted rows; padding goes round to the start of the sequence."""
    size = shard.rows(len(rows))
    return np.take(rows, np.arange(shard.rank * size, shard.rank * size + size), mode="wrap")[
        : shard.used_rows(len(rows))
    ]


def _mixed(lane: Rows, reach: int, order: NDArray[np.uint64]) -> Rows:
    """Return the lane with its rows shuffled within consecutive runs of `reach`."""
    return lane[np.lexsort((order, np.arange(len(lane)) // reach))]


def _dealt(lanes: list[Rows], batch_size: int) -> Rows:
    """Return the batches of the lanes taken in turns."""
    batches = max(-(-len(lane) // batch_size) for lane in lanes)
    turns = [lane[j * batch_size : (j + 1) * batch_size] for j in range(batches) for lane in lanes]
    return np.concatenate(turns) if turns else np.empty(0, np.int64)
