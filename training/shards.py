"""How many rows and batches each rank and each worker gets.

The same number for every rank, or a distributed epoch would hang.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError


@dataclass(frozen=True)
class Shard:
    """One of `world` equal shares of every batch of an epoch, of `batch_size` rows each.

    Rows that do not divide by `world`: with `drop` the last `count mod world` of the epoch's order are left out;
    otherwise the order goes on with its own first rows until all shares are equal. `drop` leaves out an incomplete
    last batch, too.
    """

    batch_size: int
    rank: int = 0
    world: int = 1
    drop: bool = False

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UsageError(f"batch_size is {self.batch_size}; it must be at least 1")
        if not 0 <= self.rank < self.world:
            raise UsageError(f"rank {self.rank} of a world of {self.world} does not exist; ranks go from 0")

    @property
    def step(self) -> int:
        """Rows of a batch of all ranks together."""
        return self.batch_size * self.world

    def rows(self, count: int) -> int:
        """Return how many of `count` rows fall to each rank."""
        return count // self.world if self.drop else -(-count // self.world)

    def batches(self, count: int) -> int:
        """Return how many batches each rank makes of `count` rows."""
        rows = self.rows(count)
        return rows // self.batch_size if self.drop else -(-rows // self.batch_size)

    def used_rows(self, count: int) -> int:
        """Return how many rows those batches hold."""
        return min(self.rows(count), self.batches(count) * self.batch_size)


def lane_sizes(batches: int, rows: int, batch_size: int, lanes: int) -> list[int]:
    """Return the rows of each lane when `batches` batches come from the lanes in turns; the last batch may be short."""
    sizes = [len(range(lane, batches, lanes)) * batch_size for lane in range(lanes)]
    if batches:
        sizes[(batches - 1) % lanes] -= batches * batch_size - rows
    return sizes


def worker_batches(batches: int, start: int, worker: int, workers: int) -> range:
    """Return the numbers of the batches, from `start` on, that `worker` of `workers` loads.

    They are those that a DataLoader asks it for in turn.
    """
    return range(start + worker, batches, workers)
