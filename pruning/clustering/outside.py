"""The nearest row of another component, by mutual reachability, looked for in the cells around a row.

A cell that belongs wholly to the row's own component is passed over, so that rows in the middle of a large component
look just as far as its border does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...audio.cores import core_count
from ...indexing.cells import Cells
from ...indexing.near import blocks
from ...schemas.vector import Float32
from ...store.pipeline import in_order

Rows = NDArray[np.int64]

_MIXED = -1
"""The component of a cell with rows of several."""

_TILE_ROWS = 2048
"""Queries and members of a tile of the comparison: 16 MB of scores for each core."""

_HELD_PER_CELL = 4
"""Beside the distance of a row to a cell, its place in their order is held, an int64, and a mask."""

_NONE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Outside:
    """A search for rows of other components.

    matrix: float32[n, d], rows of unit length; cores: float32[n], squared chords to each row's min_samples-th
    neighbour; cells: of the rows; probes: how many cells a row looks into.
    """

    matrix: Float32
    cores: Float32
    cells: Cells
    probes: int

    def nearest(self, rows: Rows, component: Rows) -> Rows:
        """Return int64[r]: for each of `rows` the row of another component with the lowest mutual reachability found,
        the lower row among equal ones.

        component: int64[n], at least two different. Time: each row meets the rows of `probes` cells.
        """
        best, found = np.full(len(rows), np.inf, np.float32), np.full(len(rows), _NONE)
        with threadpool_limits(limits=1, user_api="blas"):
            order, starts = self._visits(rows, component)
            tiles = self._tiles(order, starts)
            for places, squared, nearest in in_order(
                lambda tile: self._compare(rows, component, *tile), tiles, ahead=2 * core_count()
            ):
                better = (squared < best[places]) | ((squared == best[places]) & (nearest < found[places]))
                best[places[better]], found[places[better]] = squared[better], nearest[better]
        return found

    def _visits(self, rows: Rows, component: Rows) -> tuple[Rows, Rows]:
        """Return which places of `rows` look into which cell: int64[v] sorted by cell, and where each cell begins."""
        owner = self._owners(component)
        middle = self.cells.centroids.mean(axis=0)
        centroids = self.cells.centroids - middle
        squares = np.einsum("cd,cd->c", centroids, centroids)
        probes = min(self.probes, len(self.cells))
        seen, place = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for at in blocks(len(rows), len(self.cells) * _HELD_PER_CELL):
            distances = (self.matrix[rows[at]] - middle) @ centroids.T
            distances *= -2
            distances += squares
            distances[(owner == component[rows[at]][:, None]) | (self.cells.sizes == 0)] = np.inf
            cell = np.argpartition(distances, probes - 1, axis=1)[:, :probes]
            open_ = np.isfinite(np.take_along_axis(distances, cell, axis=1))
            seen.append(cell[open_])
            place.append(np.nonzero(open_)[0] + at.start)
        cells, places = np.concatenate(seen), np.concatenate(place)
        order = np.argsort(cells, kind="stable")
        return places[order], np.searchsorted(cells[order], np.arange(len(self.cells) + 1))

    def _owners(self, component: Rows) -> Rows:
        """Return int64[c]: the component that all rows of a cell belong to, _MIXED where they are of several."""
        held = component[self.cells.rows]
        filled = np.flatnonzero(self.cells.sizes)
        starts = self.cells.starts[filled]
        low, high = np.minimum.reduceat(held, starts), np.maximum.reduceat(held, starts)
        owner = np.full(len(self.cells), _MIXED)
        owner[filled] = np.where(low == high, low, _MIXED)
        return owner

    def _tiles(self, order: Rows, starts: Rows) -> Iterator[tuple[Rows, Rows, Float32]]:
        """Yield places, the rows of the cell that they look into, and its centroid, a tile at a time."""
        for cell in np.flatnonzero(np.diff(starts)).tolist():
            members, places = self.cells.members(cell), order[starts[cell] : starts[cell + 1]]
            for first in range(0, len(members), _TILE_ROWS):
                for top in range(0, len(places), _TILE_ROWS):
                    yield (
                        places[top : top + _TILE_ROWS],
                        members[first : first + _TILE_ROWS],
                        self.cells.centroids[cell],
                    )

    def _compare(
        self, rows: Rows, component: Rows, places: Rows, members: Rows, centroid: Float32
    ) -> tuple[Rows, Float32, Rows]:
        """Return the places, and for each the squared mutual reachability float32[p] to its nearest foreign member, and
        that row int64[p].
        """
        queries = rows[places]
        squared = squares_from(self.matrix[queries], self.matrix[members], centroid)
        np.maximum(squared, self.cores[members], out=squared)
        np.maximum(squared, self.cores[queries][:, None], out=squared)
        squared[component[queries][:, None] == component[members]] = np.inf
        nearest = squared.argmin(axis=1)
        return places, squared[np.arange(len(places)), nearest], members[nearest]


def squares_from(one: Float32, other: Float32, centre: Float32) -> Float32:
    """Return float32[m, n]: the squared distances of float32[m, d] and float32[n, d], seen from `centre` float32[d].

    What float32 loses is then small beside the distance from there, so that a crowd of rows that are nearly one is
    told apart. The rows given are changed.
    """
    one -= centre
    other -= centre
    squared = one @ other.T
    squared *= -2
    squared += np.einsum("ij,ij->i", one, one)[:, None]
    squared += np.einsum("ij,ij->i", other, other)
    return squared
