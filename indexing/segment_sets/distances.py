"""How far the segments of two clips are apart, before a reduction makes one distance of it."""

from __future__ import annotations

import torch
from torch import Tensor

from ...schemas.vector import Space
from ..metric import Metric

VERSIONS = "versions"
"""The encoder that was trained with Euclidean distances: the lengths of its vectors say something."""


def metric_of(space: Space) -> Metric:
    """Return how segments of a space are compared: as its encoder was trained to, by default by the cosine."""
    return Metric.L2 if space.encoder == VERSIONS else Metric.COSINE


def segment_distances(queries: Tensor, others: Tensor, metric: Metric = Metric.L2) -> Tensor:
    """Return the distances [b, n, q, c] of all segments of sets [b, q, d] to all of sets [n, c, d], which `reduce`
    takes.

    l2: the squared Euclidean distance over d (CLEWS); cosine: one minus the inner product of rows that have unit
    length. Differentiable.
    """
    b, q, d = queries.shape
    n, c, _ = others.shape
    rows, columns = queries.reshape(b * q, d), others.reshape(n * c, d)
    products = rows @ columns.T
    if metric is Metric.L2:
        lengths = rows.square().sum(dim=1)[:, None] + columns.square().sum(dim=1)
        cells = (lengths - 2 * products).clamp(min=0) / d
    else:
        cells = 1 - products
    return cells.reshape(b, q, n, c).transpose(1, 2)


def likeness(distance: float, metric: Metric) -> float:
    """Return the score of a distance, higher is nearer: a mean cosine in [-1, 1], or minus the distance."""
    return min(1.0, max(-1.0, 1.0 - distance)) if metric is Metric.COSINE else -distance


def pad(rows: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Return sets of different sizes as [n, c, d], with zeros behind their ends, and bool[n, c], which are segments.

    rows: [s, d], set after set; sizes: int64[n], which add up to s.
    """
    there = torch.arange(int(sizes.max()) if len(sizes) else 0, device=rows.device) < sizes[:, None]
    padded = rows.new_zeros((*there.shape, rows.shape[1]))
    padded[there] = rows
    return padded, there
