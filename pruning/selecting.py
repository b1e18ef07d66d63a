"""Selecting in each cluster: by this process, one after the other, or by workers, as clusters do not know of each
other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from ..audio.cores import core_count
from ..schemas.vector import Float32
from ..store.journal import each_kept
from ..store.pipeline import in_order
from ..store.shards import Shard, Workers
from .config import PruneConfig
from .layers import select_in_layers
from .members import Members, Rows
from .selectors.base import Selection, Selector
from .selectors.random import Random
from .two_stage import is_giant, joined, kept_of, parts_of

SHARD_ROWS = 16_384
"""Clips of a shard of clusters, unless one cluster has more."""


class Cluster(NamedTuple):
    """What a worker is given of a cluster: its vectors float32[m, d], and who they are."""

    vectors: Float32
    members: Members


@dataclass(frozen=True)
class SelectShard:
    """Work: order the clips of clusters.

    A node holds the vectors of a shard's clusters, 4 m d bytes for m clips, and what the selector takes for as many of
    them as it has cores: m is SHARD_ROWS at most, or the largest cluster.
    """

    selector: Selector
    noise: str

    def __call__(self, numbered: tuple[int, Sequence[Cluster]]) -> list[Selection]:
        """Return the selections in the order of the clusters, which come with the number of their shard.

        BLAS sums on one thread, as it does without workers.
        """
        with threadpool_limits(limits=1, user_api="blas"):
            work = in_order(lambda one: select(*one, self.selector, self.noise), numbered[1], ahead=2 * core_count())
            return list(work)


def select_all(
    matrix: Float32, clusters: Sequence[Members], config: PruneConfig, workers: Workers | None
) -> Iterator[tuple[Members, Selection]]:
    """Yield each cluster of rows of float32[n, d] with its selection, in any order.

    Workers select in clusters of more than GIANT_ROWS clips in two stages (two_stage.py).
    """
    selector = config.build_selector()
    if workers is None:
        for members in clusters:
            yield members, select(matrix[members.rows], members, selector, config.noise)
        return
    giants = {members.label: parts_of(members) for members in clusters if is_giant(members, selector)}
    plain = [members for members in clusters if members.label not in giants]
    spread = _Spread(workers, matrix, SelectShard(selector, config.noise), repr(config))
    yield from spread.over(plain)
    for members in clusters:
        if parts := giants.get(members.label):
            found = {id(part): selection for part, selection in spread.over(parts)}
            selections = [found[id(part)] for part in parts]
            union = kept_of(members, parts, selections)
            [second] = spread.over([union])
            yield members, joined(members, parts, selections, second)


@dataclass(frozen=True)
class _Spread:
    """Selects in clusters by workers; config: what selections depend on beside the clusters."""

    workers: Workers
    matrix: Float32
    work: SelectShard
    config: str

    def over(self, clusters: Sequence[Members]) -> Iterator[tuple[Members, Selection]]:
        """Yield each cluster with its selection, in any order."""
        pieces = dict(enumerate(_pieces(clusters, self.workers.count)))
        shards = (
            Shard(
                f"the selection in {len(piece)} clusters from {piece[0].label} on",
                (number, [Cluster(self.matrix[members.rows], members) for members in piece]),
                repr([int(row) for members in piece for row in members.rows[:1]]) + repr(len(piece)),
            )
            for number, piece in pieces.items()
        )
        what: list[Any] = ["selections", self.config, self.matrix]
        for members in clusters:
            what += [members.label, members.rows, members.layers, members.weights]
        for shard, found in each_kept(self.workers, what, self.work, shards, [Selection]):
            yield from zip(pieces[shard.content[0]], found, strict=True)


def _pieces(clusters: Sequence[Members], workers: int) -> list[list[Members]]:
    """Return clusters together, the largest first, so that no worker begins with one when all others are done."""
    total = sum(len(members.rows) for members in clusters)
    most = max(1, min(SHARD_ROWS, total // (4 * workers)))
    pieces: list[list[Members]] = []
    held = most
    for members in sorted(clusters, key=lambda members: (-len(members.rows), members.label)):
        if held + len(members.rows) > most:
            pieces.append([])
            held = 0
        pieces[-1].append(members)
        held += len(members.rows)
    return pieces


def select(vectors: Float32, members: Members, selector: Selector, noise: str) -> Selection:
    """Return the selection of the clips of one cluster, of float32[m, d]; noise: the policy, where they are noise."""
    if members.by_policy:
        return noise_order(vectors, members, noise)
    rng, weights = members.rng, members.weights
    if not members.layers.any():
        return selector.select(vectors, rng, weights)

    def of_layer(places: Rows) -> Selection:
        return selector.select(vectors[places], rng, None if weights is None else weights[places])

    return select_in_layers(of_layer, members.layers)


def noise_order(vectors: Float32, members: Members, policy: str) -> Selection:
    """Return noise kept or pruned whole, in a random order for budgets."""
    m = len(vectors)
    order = Random().select(vectors, members.rng, members.weights).order
    return Selection(order, np.full(m, np.nan, dtype=np.float32), m if policy == "keep" else 0)
