"""Who is of which cluster, and the tiers that ranks are given by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .clustering.config import NOISE
from .config import PruneConfig
from .layers import layers_of
from .wishes import Wishes

Rows = NDArray[np.int64]


class Tier(IntEnum):
    """The tiers of a rank, best first."""

    PINNED, SELECTED, FOR_WORK, LEFT, NOISE_PRUNED, COPY = range(6)


@dataclass(frozen=True)
class Members:
    """The m clips of one cluster, from which a selector chooses.

    label: of the cluster; rows: int64[m], ascending; layers: int64[m], of layers.py; weights: float32[m] or None; rng:
    for all chance in it; by_policy: whether they are noise that is kept or pruned whole.
    """

    label: int
    rows: Rows
    layers: Rows
    weights: Float32 | None
    rng: np.random.Generator
    by_policy: bool

    @property
    def left(self) -> Tier:
        """The tier of those that are not kept."""
        return Tier.NOISE_PRUNED if self.by_policy else Tier.LEFT


def members_of(rows: Rows, labels: NDArray[np.int32], wishes: Wishes, config: PruneConfig) -> list[Members]:
    """Return the clusters of `rows`, int64[m], ascending, noise first; labels: int32[m], of these."""
    layers = np.zeros(len(rows), dtype=np.int64)
    works = None if wishes.apart is None else wishes.apart.performances
    if works is not None:
        layers = layers_of(labels, works.take(rows))
    return [
        Members(
            label=label,
            rows=rows[places],
            layers=layers[places],
            weights=None if wishes.weights is None else wishes.weights[rows[places]],
            rng=np.random.default_rng([config.seed, label - NOISE]),
            by_policy=label == NOISE and config.noise != "cluster",
        )
        for label, places in by_cluster(labels)
    ]


def by_cluster(labels: NDArray[np.int32] | Rows) -> Iterator[tuple[int, Rows]]:
    """Yield each label that there is in int[m], noise first, with its places, ascending."""
    order = np.argsort(labels, kind="stable")
    values, starts = np.unique(labels[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, starts)[1:], strict=True)
