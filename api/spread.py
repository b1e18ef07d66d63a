"""A store whose long work is spread over a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from ..progress import Progress, silent
from .upkeep import KeptStore


class SpreadStore(KeptStore):
    """A store that can be worked on by a cluster."""

    @contextmanager
    def on(self, ray: str | None, progress: Progress = silent) -> Iterator[Self]:
        """Give this store with its long work (add, embed, materialise, build_index, knn_graph, duplicates, cluster,
        prune) done by the workers of a Ray cluster, for the length of the block; None: itself.

        ray: the address of the cluster, "" for the nearest; see `workers_of` in distributed/cluster.py. What comes of
        it is the same. What is interrupted goes on where it was. Raises Unavailable where there is no such cluster.
        """
        from ..distributed.cluster import workers_of

        with workers_of(ray, self.path, progress) as workers:
            spread = self if workers is None else type(self)(self.path)
            spread.workers = workers
            try:
                yield spread
            finally:
                spread.workers = None  # what the block made may hold on to it
