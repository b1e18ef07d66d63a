"""A search in memory, for how far a training is: sequences of segments among all of the clips held out."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

LENGTHS = (1, 3, 5, 9, 11, 19)
"""Segments of a query, as published."""
TOPS = (1, 3, 10)
MOST_SEGMENTS = 3_000
"""What is searched among, as published: the distances of all pairs are in memory at once."""


def mini_search(
    queries: Tensor, database: Tensor, clips: Tensor, lengths: Sequence[int] = LENGTHS, *, of: str = ""
) -> dict[str, float]:
    """Return `top<k>_<length>`: how many sequences of queries find their own place among the first k, from 0 to 1, and
    `rank_<length>`: how many other places go before it, on average.

    queries, database: float32[n, d], row by row of the same segments; clips: int64[n], the clip of each, its segments
    one after the other; of: what the names begin with. A sequence is compared with every one of its length in the
    database, by the sum of its squared distances: the sums along the diagonals of the matrix of all distances. None
    goes from one clip into the next, which the published search does. Places at the same distance as the right one go
    before it. Lengths that no clip has are left out.
    """
    queries, database, clips = queries[:MOST_SEGMENTS], database[:MOST_SEGMENTS], clips[:MOST_SEGMENTS]
    distances = _squared_distances(queries, database)
    sums = distances.clone()
    found: dict[str, float] = {}
    for length in range(1, min(max(lengths), len(clips)) + 1):
        count = len(clips) - length + 1
        if length > 1:
            sums = sums[:count, :count] + distances[length - 1 :, length - 1 :]
        if length in lengths:
            whole = (clips[:count] == clips[length - 1 :]).nonzero()[:, 0]
            if len(whole):
                ranks = _ranks(sums[whole][:, whole])
                found |= {f"{of}top{top}_{length}": float((ranks < top).float().mean()) for top in TOPS}
                found[f"{of}rank_{length}"] = float(ranks.float().mean())
    return found


def _squared_distances(queries: Tensor, database: Tensor) -> Tensor:
    """Return float32[m, n] of float32[m, d] and float32[n, d], of any lengths."""
    sizes = queries.square().sum(dim=1)[:, None] + database.square().sum(dim=1)
    return (sizes - 2 * queries @ database.T).clamp_min(0)


def _ranks(sums: Tensor) -> Tensor:
    """Return int64[m]: for each row of float32[m, m], how many others are not farther than the diagonal."""
    return (sums <= sums.diagonal()[:, None]).sum(dim=1) - 1
