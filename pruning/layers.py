"""Selection that never weighs performances of one work against each other.

A cluster is taken apart into layers: the first holds every clip without a work and one performance of each work, the
second the second performance of those works that have one, and so on. The selector works in each layer by itself, so
that no clip is chosen or left because of another performance of its work, whatever the selector goes by.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .selectors.base import Selection
from .versions import NO_WORK, Performances

Rows = NDArray[np.int64]


def layers_of(labels: NDArray[np.int32], performances: Performances) -> Rows:
    """Return int64[n]: the layer of each clip in its cluster (int32[n]), from 0.

    The performances of a work are numbered by the first clip of each; clips of one performance are in one layer.
    """
    work, performance = performances.work, performances.performance
    order = np.lexsort((performance, work, labels))
    changed = np.ones((2, len(order)), dtype=np.bool_)
    for at, keys in enumerate(((labels, work), (labels, work, performance))):
        changed[at, 1:] = np.any([key[order[1:]] != key[order[:-1]] for key in keys], axis=0)
    begins, count = changed[0], np.cumsum(changed[1])
    layers = np.empty(len(order), dtype=np.int64)
    layers[order] = count - count[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    layers[work == NO_WORK] = 0
    return layers


def places_of(layers: Rows) -> list[Rows]:
    """Return the places of each layer, ascending, lower layers first."""
    order = np.argsort(layers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(layers[order])) + 1)


def select_in_layers(select: Callable[[Rows], Selection], layers: Rows) -> Selection:
    """Return the selections of the layers (int64[m]) as one of the whole cluster; select: of some of its places.

    First come those that are kept, then the others; of both, layers are interleaved by relative position, so that a
    share of the order holds about that share of every layer.
    """
    places = places_of(layers)
    found = [select(own) for own in places]
    taken = np.concatenate([own[one.order] for own, one in zip(places, found, strict=True)])
    gains = np.concatenate([one.gains for one in found])
    left = np.concatenate([np.arange(len(one.order)) >= one.kept for one in found])
    position = np.concatenate([(np.arange(len(one.order)) + 0.5) / len(one.order) for one in found])
    best_first = np.lexsort((position, left))  # of equals the lower layer: it is stable
    return Selection(taken[best_first], gains[best_first], sum(one.kept for one in found))
