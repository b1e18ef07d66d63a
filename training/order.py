"""In what order an epoch visits the rows of a view: pure functions of (seed, epoch).

The rows are permuted in blocks, so that a table is read in runs; the permuted sequence is cut into lanes, and the rows
of a lane are shuffled within buffers of a few batches. Batch j of all ranks together is the next one of lane j mod
lanes, and each rank has an equal share of it: what a step sees depends on the size of that batch alone, never on how
many ranks share it, so a training can go on with another number of them. Nothing here knows of workers either: whoever
loads batch j, it is the same batch.
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
    at most once over all ranks; padding goes round to the start of the permuted sequence.
    """
    sequence = np.resize(_permuted(count, shuffle, epoch), shard.world * shard.used_rows(count))
    return np.asarray(sequence[_share(_places(len(sequence), shuffle, shard, epoch), shard)])


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


def _places(count: int, shuffle: Shuffle, shard: Shard, epoch: int) -> Rows:
    """Return int64[count]: the places of the sequence in the order that all ranks together visit them."""
    places, step = np.arange(count), shard.step
    if shuffle.block_rows == 1:
        return places
    sizes = lane_sizes(-(-count // step), count, step, shuffle.lanes)
    lanes = np.split(places, np.cumsum(sizes)[:-1])
    reach = shuffle.buffer_batches * step
    for number, lane in enumerate(lanes):
        random = generator(shuffle.seed, epoch, 1, 0, number)
        for first in range(0, len(lane), reach):
            random.shuffle(lane[first : first + reach])
    return _dealt(lanes, step)


def _share(places: Rows, shard: Shard) -> Rows:
    """Return the rank's share of every batch: neighbours in the sequence, so that it, too, reads the table in runs."""
    if shard.world == 1:
        return places
    whole = len(places) // shard.step * shard.step
    batches, last = places[:whole].reshape(-1, shard.step), places[whole:]
    shares = [np.split(np.sort(part), shard.world, axis=-1)[shard.rank].reshape(-1) for part in (batches, last)]
    return np.concatenate(shares)


def _dealt(lanes: list[Rows], batch_size: int) -> Rows:
    """Return the batches of the lanes taken in turns."""
    batches = max(-(-len(lane) // batch_size) for lane in lanes)
    turns = [lane[j * batch_size : (j + 1) * batch_size] for j in range(batches) for lane in lanes]
    return np.concatenate(turns) if turns else np.empty(0, np.int64)
