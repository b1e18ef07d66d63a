from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echodex.indexing.groups.recent import Recent

Vector = NDArray[np.float32]


def array(row: int) -> Vector:
    return np.full(100, row, np.float32)


def test_what_was_used_last_is_kept_within_the_limit() -> None:
    reads: list[int] = []
    cache = Recent[Vector](size_bytes=400 * 3)

    def ask(row: int) -> None:
        def read() -> Vector:
            reads.append(row)
            return array(row)

        cache.get(row, read)

    for row in (0, 1, 2, 0, 3, 0, 1):
        ask(row)
    assert reads == [0, 1, 2, 3, 1]


def test_several_are_read_at_once_but_for_those_that_are_held() -> None:
    reads: list[list[int]] = []
    cache = Recent[Vector](size_bytes=400 * 3)

    def read(rows: list[int]) -> list[Vector]:
        reads.append(rows)
        return [array(row) for row in rows]

    for asked in ([0, 1], [1, 2, 2, 0], [5, 0, 6, 7, 8], [7, 8]):
        assert [int(found[0]) for found in cache.get_all(asked, read)] == asked
    assert reads == [[0, 1], [2], [5, 6, 7, 8]]
