"""What the distances within works and to others come to: histograms, and how well one tells the two apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ...schemas.vector import Space
from .protocol import CliqueDistances, CliquesConfig

Columns = tuple[list[str], list[tuple[object, ...]]]


@dataclass(frozen=True)
class CliquesReport:
    """Distances within works (of two clips or more) and to others (of all works) in one space.

    singletons: works of one clip, which have no distance within; unnamed: clips left out because no work is named.
    auc: how probable it is that a distance to others is above one within a work, 0.5 by chance; overlap: the area that
    the two histograms share, 0 to 1; nearer: the share of works whose own clips are nearer than the others. edges:
    bins + 1 distances; inside, outside: works in each bin.
    """

    space: str
    standardised: bool
    clips: int
    works: int
    singletons: int
    unnamed: int
    inside_mean: float | None
    outside_mean: float
    auc: float | None
    overlap: float | None
    nearer: float | None
    samples: int
    seed: int
    edges: tuple[float, ...]
    inside: tuple[int, ...]
    outside: tuple[int, ...]

    def header(self) -> str:
        """Return what was compared."""
        scale = ", standardised" if self.standardised else ""
        left = f", {self.unnamed} clips without a work left out" if self.unnamed else ""
        return f"{self.space}{scale}: {self.clips} clips of {self.works} works, {self.singletons} of one clip{left}"

    def table(self) -> Columns:
        """Return the figures as a table."""
        figures = {
            "mean distance within works": self.inside_mean,
            "mean distance to others": self.outside_mean,
            "AUC": self.auc,
            "overlap": self.overlap,
            "works nearer to themselves": self.nearer,
        }
        return ["metric", "value"], list(figures.items())


def cliques_report(
    found: CliqueDistances, config: CliquesConfig, space: Space, *, standardised: bool, unnamed: int
) -> CliquesReport:
    """Return the figures of these distances; those that need a work of two clips are None where there is none."""
    paired = ~np.isnan(found.inside)
    inside, outside = found.inside[paired], found.outside
    edges = np.histogram_bin_edges(np.concatenate([inside, outside]), config.bins)
    counts = [np.histogram(values, edges)[0] for values in (inside, outside)]
    shares = [count / max(int(count.sum()), 1) for count in counts]
    return CliquesReport(
        space=space.name,
        standardised=standardised,
        clips=int(found.sizes.sum()),
        works=len(found.works),
        singletons=int((~paired).sum()),
        unnamed=unnamed,
        inside_mean=float(inside.mean()) if len(inside) else None,
        outside_mean=float(outside.mean()),
        auc=_auc(inside, outside) if len(inside) else None,
        overlap=float(np.minimum(*shares).sum()) if len(inside) else None,
        nearer=float((inside < outside[paired]).mean()) if len(inside) else None,
        samples=config.samples,
        seed=config.seed,
        edges=tuple(edges.tolist()),
        inside=tuple(counts[0].tolist()),
        outside=tuple(counts[1].tolist()),
    )


def _auc(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    """Return the share of pairs in which the distance to others is the larger; an equal one counts half."""
    ranks = rankdata(np.concatenate([inside, outside]))[len(inside) :]
    return float((ranks.sum() - len(outside) * (len(outside) + 1) / 2) / (len(inside) * len(outside)))
