"""Rows that are equal bit by bit, so that a hundred thousand copies of one vector are compared as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .near import blocks

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Classes:
    """Classes of equal rows among some rows of a matrix.

    firsts: int64[c], the first row of each class, ascending; rows: int64[m], sorted by class, then by row; starts:
    int64[c + 1], where in `rows` a class begins.
    """

    firsts: Rows
    rows: Rows
    starts: Rows

    def sizes(self) -> Rows:
        """Return int64[c]: how many rows each class has."""
        return np.diff(self.starts)

    def members(self, classes: Rows) -> Rows:
        """Return the rows of these classes, ascending."""
        starts, ends = self.starts[classes], self.starts[classes + 1]
        sizes = ends - starts
        skipped = np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
        return np.sort(self.rows[skipped + np.arange(len(skipped))])


def equal_rows(matrix: Float32, rows: Rows) -> Classes:
    """Return the classes of equal rows of float32[n, d] (C-contiguous) among `rows` (ascending).

    A hash of 64 bits finds who may be equal, a comparison of the bits says who is: two rows of one hash that differ
    from its first stay alone. Time and memory O(m) beside one block.
    """
    hashes = _hashes(matrix, rows)
    order = np.argsort(hashes, kind="stable")
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = hashes[order][1:] != hashes[order][:-1]
    first = order[np.maximum.accumulate(np.where(new, np.arange(len(rows)), 0))]
    suspects = np.flatnonzero(~new)
    for at in blocks(len(suspects), 16 * matrix.shape[1]):
        one, other = rows[order[suspects[at]]], rows[first[suspects[at]]]
        differ = (_bits(matrix[one]) != _bits(matrix[other])).any(axis=1)
        first[suspects[at]] = np.where(differ, order[suspects[at]], first[suspects[at]])
    leader = np.empty(len(rows), dtype=np.int64)
    leader[order] = first
    is_first = leader == np.arange(len(rows))
    number = np.cumsum(is_first) - 1
    classes = number[leader]
    starts = np.concatenate([[0], np.cumsum(np.bincount(classes, minlength=int(is_first.sum())))]).astype(np.int64)
    return Classes(rows[is_first], rows[np.argsort(classes, kind="stable")], starts)


def _hashes(matrix: Float32, rows: Rows) -> NDArray[np.uint64]:
    """Return uint64[m]: for each row a sum, modulo 2^64, of its bits times odd numbers drawn at random."""
    factors = np.random.default_rng(0).integers(1 << 63, size=matrix.shape[1], dtype=np.uint64) * np.uint64(2)
    hashes = np.empty(len(rows), dtype=np.uint64)
    for at in blocks(len(rows), 16 * matrix.shape[1]):
        hashes[at] = _bits(matrix[rows[at]]).astype(np.uint64) @ (factors + np.uint64(1))
    return hashes


def _bits(rows: Float32) -> NDArray[np.uint32]:
    return np.ascontiguousarray(rows).view(np.uint32)
