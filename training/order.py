"""In what order an epoch visits the rows of a view: pure functions of (seed, epoch).

The rows are permuted in blocks, so that a table is read in runs; the permuted sequence is cut into equal shares, one
per rank, each share into lanes, and the rows of a lane are shuffled within buffers of a few batches. Batch j of a rank
is the next one of lane j mod lanes. Nothing here knows of workers: whoever loads batch j, it is the same batch.
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
    """Return int64[m]: which of `count` rows one rank visits in an epoch, one batch behind the other.

    Batch j is [j * batch_size : (j + 1) * batch_size]. `m` is the same for every rank. Without padding, each row comes
    at most once over all ranks.
    """
    rows = _share(_permuted(count, shuffle, epoch), shard)
    if shuffle.block_rows == 1:
        return rows
    lanes = np.split(rows, np.cumsum(lane_sizes(shard.batches(count), len(rows), shard.batch_size, shuffle.lanes))[:-1])
    reach = shuffle.buffer_batches * shard.batch_size
    for number, lane in enumerate(lanes):
        random = generator(shuffle.seed, epoch, 1, shard.rank, number)
        for first in range(0, len(lane), reach):
            random.shuffle(lane[first : first + reach])
    return _dealt(lanes, shard.batch_size)


def generator(*seed: int) -> np.random.Generator:
    """Return a generator whose numbers depend on `seed` (whole numbers >= 0) alone."""
    return np.random.default_rng(np.random.SeedSequence(list(seed)))


def _permuted(count: int, shuffle: Shuffle, epoch: int) -> Rows:
    size = shuffle.block_rows
    blocks = generator(shuffle.seed, epoch, 0).permutation(-(-count // size))
    if size == 1:
        return blocks
    rows = (blocks[:, None] * size + np.arange(size)).reshape(-1)
    return np.asarray(rows[rows < count])


def _share(rows: Rows, shard: Shard) -> Rows:
    """Return the rank's share of the permuted rows; padding goes round to the start of the sequence."""
    first, size = shard.rank * shard.rows(len(rows)), shard.used_rows(len(rows))
    if first + size <= len(rows):
        return rows[first : first + size]
    return np.take(rows, np.arange(first, first + size), mode="wrap")


def _dealt(lanes: list[Rows], batch_size: int) -> Rows:
    """Return the batches of the lanes taken in turns."""
    batches = max(-(-len(lane) // batch_size) for lane in lanes)
    turns = [lane[j * batch_size : (j + 1) * batch_size] for j in range(batches) for lane in lanes]
    return np.concatenate(turns) if turns else np.empty(0, np.int64)
