"""Work in shards: what the rooms know of a cluster. What a shard is they say; distributed/ knows where it is done.

A shard is done by whoever is free, and done again where its worker is lost. So what does it must leave nothing behind
that doing it twice would double, and what comes of it is taken in whatever order it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")
T_co = TypeVar("T_co", covariant=True)

SHARDS_EACH = 4
"""Into so many shards for each worker work is cut at least: the last to end is then not waited for long."""


@dataclass(frozen=True)
class Shard(Generic[A]):
    """A piece of work. name: as an error calls it; content: what the function that does it is given; key: what tells it
    from the others of its work, run after run, where what comes of it is kept (journal.py).
    """

    name: str
    content: A
    key: str = ""


class Shared(Protocol[T_co]):
    """Something that every worker needs: sent to a node once, however many shards name it."""

    def get(self) -> T_co:
        """Return it; not to be written to."""


class Workers(Protocol):
    """Who does shards: processes on the nodes of a cluster."""

    @property
    def count(self) -> int:
        """How many shards are done at a time."""

    @property
    def folder(self) -> Path | None:
        """The folder of a store, where what comes of shards may be kept (journal.py); None for nowhere."""

    def share(self, value: A) -> Shared[A]:
        """Return what work may hold in the place of a large value."""

    def each(self, work: Callable[[A], B], shards: Iterable[Shard[A]]) -> Iterator[tuple[Shard[A], B]]:
        """Yield every shard with what `work` returns for it, in any order.

        `work` is pickled once, and kept by each worker until it is given other work: what it caches stays. A shard
        whose worker is lost is done again. Raises EchodexError, naming it, for one that no worker survives, and what
        `work` raises.
        """


def cut(items: Sequence[A], workers: int, most: int, least: int = 1) -> Iterator[Sequence[A]]:
    """Yield `items` in pieces: SHARDS_EACH for each of the workers, but none above `most` items, or below `least`."""
    size = max(least, min(most, len(items) // (workers * SHARDS_EACH)))
    for start in range(0, len(items), size):
        yield items[start : start + size]
