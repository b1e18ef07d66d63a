"""One distance for two sets of segments, from the distances of all their pairs: minimum, means, best pairs.

The reductions of CLEWS (Serrà et al., "Supervised contrastive learning from weakly-labeled audio segments for musical
version matching", 2025). Best pairs without replacement ("bpwr") is its measure of versions: the nearest pair of
segments counts, neither of the two takes part again, then the nearest pair of the rest, and so on.

All are batched, take a mask, and can be differentiated: the cells that count get the gradient, no others. Equal cells
are taken in the order of their rows, then columns. Two slips of the published code are left out: "worst-k" is the mean
of the k largest cells, not 0, and a name that only begins like a known one is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from ...errors import UsageError

Cells: TypeAlias = Tensor
"""Distances [..., q, c], floating: of each of q segments of one set to each of c segments of the other."""

PLAIN = ("min", "max", "mean", "meanmin", "minmean")
COUNTED = ("bpwr", "best", "worst")
_DIRECTED = ("meanmin", "minmean")
KNOWN = f"{', '.join(PLAIN)}, bpwr, bpwr-N, best-N, worst-N, and each with an s before it"


@dataclass(frozen=True)
class Reduction:
    """A reduction as its name says it. kind: of PLAIN or COUNTED; n: pairs that count, None for all that bpwr finds;
    symmetric: the mean of both directions.
    """

    kind: str
    n: int | None = None
    symmetric: bool = False

    @classmethod
    def of(cls, name: str) -> Reduction:
        """Return what `name` means. Raises UsageError where there is no such reduction."""
        found = re.fullmatch(r"(s?)(?:(min|max|mean|meanmin|minmean|bpwr)|(bpwr|best|worst)-([1-9]\d{0,8}))", name)
        if found is None:
            raise UsageError(f"reduction {name[:80]!r} does not exist (known: {KNOWN})")
        symmetric, plain, counted, count = found.groups()
        return cls(plain or counted, int(count) if count else None, bool(symmetric))

    @property
    def directed(self) -> bool:
        """Whether it makes something else of a matrix than of its transpose."""
        return self.kind in _DIRECTED and not self.symmetric


def reduce(distances: Cells, how: str | Reduction, mask: Tensor | None = None) -> Tensor:
    """Return one distance [...] for each matrix of distances [..., q, c].

    mask: bool, broadcast against `distances`, True where a cell counts (None: everywhere). how:

    - min, max, mean: of all cells
    - meanmin: of each row its smallest cell, then the mean; minmean: the smallest mean of a row
    - bpwr-N: the mean of up to N best pairs without replacement; bpwr: of as many as there are
    - best-N, worst-N: the mean of the N smallest, or largest, cells, of fewer where there are no more
    - with an s before: the mean of R(D) and R(D transposed)

    A row without a cell that counts takes no part; where no cell does at all the result is inf. Cells that count must
    be finite. Raises UsageError for an unknown reduction.
    """
    reduction = how if isinstance(how, Reduction) else Reduction.of(how)
    shape = distances.shape[:-2]
    if not distances.numel():
        return distances.new_full(shape, torch.inf)
    counts = torch.ones_like(distances, dtype=torch.bool) if mask is None else mask.expand_as(distances)
    flat, flat_counts = distances.reshape(-1, *distances.shape[-2:]), counts.reshape(-1, *distances.shape[-2:])
    found = _one_way(flat, reduction, flat_counts)
    if reduction.symmetric and reduction.kind in _DIRECTED:  # the others are already
        found = (found + _one_way(flat.mT, reduction, flat_counts.mT)) / 2
    return found.reshape(shape)


def _one_way(distances: Cells, reduction: Reduction, counts: Tensor) -> Tensor:
    """Return [b] for [b, q, c]."""
    match reduction.kind:
        case "min":
            return _mean_at(distances, *_smallest(distances, counts, 1))
        case "max":
            return _mean_at(distances, *_smallest(-distances, counts, 1))
        case "mean":
            return _mean(distances, counts, (-2, -1))
        case "meanmin":
            nearest = distances.masked_fill(~counts, torch.inf).argmin(dim=-1, keepdim=True)
            return _mean(distances.gather(-1, nearest)[..., 0], counts.any(dim=-1), (-1,))
        case "minmean":
            means = _mean(distances, counts, (-1,))
            return means.gather(-1, means.argmin(dim=-1, keepdim=True))[..., 0]
        case "best":
            return _mean_at(distances, *_smallest(distances, counts, reduction.n or 1))
        case "worst":
            return _mean_at(distances, *_smallest(-distances, counts, reduction.n or 1))
    return _mean_at(distances, *best_pairs(distances, reduction.n, counts))


@torch.no_grad()
def best_pairs(distances: Cells, n: int | None = None, counts: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the best pairs without replacement of [b, q, c]: their cells int64[b, n'], as row * c + column, best
    first, and bool[b, n'], whether there is such a pair; n' is the least of n, q and c.

    counts: bool[b, q, c], cells that may be taken.
    """
    b, q, c = distances.shape
    steps = min(q, c) if n is None else min(n, q, c)
    left = distances.detach().clone() if counts is None else distances.detach().masked_fill(~counts, torch.inf)
    flat = left.view(b, q * c)
    cells = torch.empty((b, steps), dtype=torch.int64, device=left.device)
    found = torch.empty((b, steps), dtype=torch.bool, device=left.device)
    for step in range(steps):
        first = _first_smallest(flat)
        cells[:, step] = first[:, 0]
        found[:, step] = torch.isfinite(flat.gather(1, first)[:, 0])
        row, column = (first // c)[..., None], (first % c)[..., None]
        left.scatter_(1, row.expand(b, 1, c), torch.inf)
        left.scatter_(2, column.expand(b, q, 1), torch.inf)
    return cells, found


def _first_smallest(rows: Tensor) -> Tensor:
    """Return int64[b, 1]: where the smallest of each row of [b, n] stands, of equals the first."""
    if rows.device.type == "cpu" and rows.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(rows.numpy().argmin(axis=1, keepdims=True))  # eight times as fast as PyTorch's
    return rows.argmin(dim=1, keepdim=True)


@torch.no_grad()
def _smallest(distances: Cells, counts: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return the n smallest cells that count of [b, q, c], as `best_pairs` does."""
    flat = distances.masked_fill(~counts, torch.inf).flatten(1)
    cells = _first_smallest(flat) if n == 1 else flat.argsort(dim=1, stable=True)[:, :n]
    return cells, torch.isfinite(flat.gather(1, cells))


def _mean_at(distances: Cells, cells: Tensor, found: Tensor) -> Tensor:
    return _mean(distances.flatten(1).gather(1, cells), found, (-1,))


def _mean(values: Tensor, counts: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return the mean over `dims` of what counts, inf where nothing does."""
    number = counts.sum(dim=dims)
    total = values.masked_fill(~counts, 0.0).sum(dim=dims)
    return (total / number.clamp(min=1)).masked_fill(number == 0, torch.inf)
