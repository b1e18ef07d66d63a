"""How a space is clustered, and what comes of it: one frozen object each, for every way there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...schemas.vector import Float32

NOISE = -1
"""The label of rows in no cluster."""

ALGORITHMS = ("hdbscan", "kmeans")
METHODS = ("eom", "leaf")


@dataclass(frozen=True)
class ClusterConfig:
    """Settings of a clustering. Raises UsageError that names what makes no sense.

    algorithm: "hdbscan" or "kmeans". Of HDBSCAN: min_cluster_size; min_samples, which counts neighbours without the
    point itself, as hdbscan does (scikit-learn's is one more); method: "eom" (excess of mass) or "leaf"; epsilon: a
    chord, sqrt(2 - 2 cos), below which clusters are not split; allow_single_cluster: whether all rows may be one;
    approximate: from an approximate kNN graph, for more rows than can be compared with each other. Of K-Means:
    clusters, how many; seed.
    """

    algorithm: str = "hdbscan"
    min_cluster_size: int = 10
    min_samples: int = 5
    method: str = "eom"
    epsilon: float = 0.0
    allow_single_cluster: bool = False
    approximate: bool = False
    clusters: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise UsageError(f"a clustering algorithm is one of {', '.join(ALGORITHMS)}, not {self.algorithm!r}")
        if self.method not in METHODS:
            raise UsageError(f"a cluster selection method is one of {', '.join(METHODS)}, not {self.method!r}")
        if self.min_cluster_size < 2 or self.min_samples < 1:
            raise UsageError(
                "min_cluster_size must be at least 2 and min_samples at least 1, "
                f"not {self.min_cluster_size} and {self.min_samples}"
            )
        if not 0 <= self.epsilon <= 2:
            raise UsageError(f"epsilon is a distance of unit vectors, 0 to 2, not {self.epsilon}")
        if (self.algorithm == "kmeans") != (self.clusters is not None):
            raise UsageError("give the number of clusters with kmeans, and only with kmeans")
        if self.clusters is not None and self.clusters < 1:
            raise UsageError(f"the number of clusters must be at least 1, not {self.clusters}")
        if self.seed < 0:
            raise UsageError(f"a seed is 0 or more, not {self.seed}")


@dataclass(frozen=True)
class Clusters:
    """Labels and how they were found.

    labels: int32[n], 0 and up in the order of each cluster's first row, NOISE for rows in no cluster; probabilities:
    float32[n], how firmly a row belongs; outlier_scores: float32[n], 0 to 1, higher for rows that lie apart from where
    their neighbours are dense (GLOSH); algorithm: the way taken, for the recipe, saying "exact" or "approximate";
    agreement: of an approximate way, the adjusted Rand index with the exact one on a sample.
    """

    labels: NDArray[np.int32]
    probabilities: Float32
    outlier_scores: Float32
    algorithm: str
    agreement: float | None = None

    @property
    def count(self) -> int:
        """How many clusters there are, noise not counted."""
        return int(self.labels.max(initial=NOISE)) + 1


def by_first_row(labels: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return labels int64[n] renumbered by the first row that carries each; noise stays noise."""
    clustered = np.flatnonzero(labels >= 0)
    values, first = np.unique(labels[clustered], return_index=True)
    renumbered = np.empty(len(values), dtype=np.int32)
    renumbered[np.argsort(first)] = np.arange(len(values))
    result = np.full(len(labels), NOISE, dtype=np.int32)
    result[clustered] = renumbered[np.searchsorted(values, labels[clustered])]
    return result
