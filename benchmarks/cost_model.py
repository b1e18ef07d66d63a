"""What each stage costs, as formulas of the number of clips and the length of their vectors.

A cost is a sum of terms, n in millions and d in 512 numbers to some powers, each times a coefficient that is at least 0
and was fitted on measurements (scale_model.py). So a coefficient is what its term costs of a million clips with vectors
of 512 numbers: seconds of processor time, or gigabytes. Where terms stop fitting (an exact way below some size, dense
matrices below another) a stage has a range of n.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

CPU_S, DISK_GB, PEAK_GB = "cpu_s", "disk_gb", "peak_gb"
MILLION, DIM = 1e6, 512

LEAST = {CPU_S: 0.2, DISK_GB: 1e-3, PEAK_GB: 0.1}
"""Below this a measurement is of the interpreter and the clock; relative errors are counted as if it were this."""

FITTED = Path(__file__).parent / "results" / "scale_model.json"


@dataclass(frozen=True)
class Term:
    """n to the power `rows` times d to the power `dims`."""

    rows: float
    dims: float = 0.0

    def __call__(self, n: float, dim: float) -> float:
        return float((n / MILLION) ** self.rows * (dim / DIM) ** self.dims)

    @property
    def name(self) -> str:
        """As in "n1.5_d"."""
        return "_".join(_power(*part) for part in (("n", self.rows), ("d", self.dims)) if part[1]) or "1"


def _power(letter: str, exponent: float) -> str:
    return letter if exponent == 1 else f"{letter}{exponent:g}"


ONE, N, ND, ROOT_ND = Term(0), Term(1), Term(1, 1), Term(0.5, 1)
N32, N32D, N2, N2D = Term(1.5), Term(1.5, 1), Term(2), Term(2, 1)


@dataclass(frozen=True)
class Stage:
    """What a stage is, the terms of what it costs, and the number of rows for which they hold.

    why: where the terms come from; c is the number of cells, which is of the order of sqrt(n).
    """

    what: str
    costs: Mapping[str, Sequence[Term]]
    why: str
    least: int = 0
    most: int = 1 << 60


HELD = (N, ONE, ND)
"""Of memory: the libraries, what is known of each clip, and matrices of the vectors."""

STAGES: Mapping[str, Stage] = {
    "write": Stage(
        "rows of clips and vectors into the store",
        {CPU_S: (ONE, N, ND), DISK_GB: (N, ND)},
        "a row each; a vector is 4 d bytes",
    ),
    "view": Stage("save a view", {CPU_S: (ONE, N), DISK_GB: (N,), PEAK_GB: HELD}, "a row each"),
    "index": Stage(
        "`index build ivf`",
        {CPU_S: (ONE, ND, N32D), DISK_GB: (N, ND, ROOT_ND), PEAK_GB: HELD},
        "k-means of 64 c rows and 2 sqrt(n) cells is n d; every row to its cell, n c d",
    ),
    "read": Stage("all vectors of a space into memory", {CPU_S: (ONE, N, ND), PEAK_GB: HELD}, "a row each"),
    "duplicates": Stage(
        "pairs at a cosine of .98 and their groups",
        {CPU_S: (ONE, N, ND, N32D), PEAK_GB: HELD},
        "every row to its cell, n c d; pairs of cells that may hold some; groups, a row each",
    ),
    "graph": Stage(
        "kNN graph, k = 15, recall .99",
        {CPU_S: (ONE, N, N32, N32D), PEAK_GB: HELD},
        "every row to its cell, n c d, and with the rows of p cells, n p n / c d",
        least=20_001,
    ),
    "graph-exact": Stage("kNN graph, exact", {CPU_S: (N2, N2D)}, "all with all, n^2 d"),
    "cluster": Stage(
        "HDBSCAN, approximate, its graph included",
        {CPU_S: (ONE, N, N32, N32D), PEAK_GB: HELD},
        "the graph, and rounds of joining through cells",
        least=20_001,
    ),
    "cluster-exact": Stage(
        "HDBSCAN, exact", {CPU_S: (N, N2, N2D), PEAK_GB: HELD}, "one pass over half of all pairs, n^2 d", most=200_000
    ),
    "facility": Stage(
        "facility location in 400 clusters",
        {CPU_S: (N, N2, N2D), PEAK_GB: HELD},
        "m^2 d in each cluster of m = n / 400 clips, up to m = 8,192",
        most=400 * 8192,
    ),
}


@dataclass(frozen=True)
class Measured:
    """What a stage took of n rows of `dim` numbers: figure -> value, not always all that a stage costs."""

    stage: str
    n: int
    dim: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Model:
    """coefficients: stage -> figure -> one for each term."""

    coefficients: Mapping[str, Mapping[str, Sequence[float]]]

    def predict(self, stage: str, figure: str, n: float, dim: float) -> float:
        """Return what a stage costs; raise KeyError where it was not fitted."""
        terms = STAGES[stage].costs[figure]
        found = zip(self.coefficients[stage][figure], terms, strict=True)
        return sum(coefficient * term(n, dim) for coefficient, term in found)

    def figures(self) -> dict[str, float]:
        """Return the coefficients by name: "graph cpu_s n1.5_d"."""
        return {
            f"{stage} {figure} {term.name}": coefficient
            for stage, costs in self.coefficients.items()
            for figure, found in costs.items()
            for coefficient, term in zip(found, STAGES[stage].costs[figure], strict=True)
        }


def fit(measured: Sequence[Measured]) -> Model:
    """Return the model nearest to what was measured, in relative error; of stages with measurements within their range.

    Where there are fewer measurements than terms, those of the lowest order are left out: what grows fastest decides.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for name, stage in STAGES.items():
        within = [each for each in measured if each.stage == name and stage.least <= each.n <= stage.most]
        for figure, terms in stage.costs.items():
            points = [each for each in within if figure in each.figures]
            if points:
                found.setdefault(name, {})[figure] = _fitted(figure, terms, points)
    return Model(found)


def _fitted(figure: str, terms: Sequence[Term], points: Sequence[Measured]) -> list[float]:
    left_out = max(0, len(terms) - len(points))
    taken = np.array([point.figures[figure] for point in points])
    weights = 1 / np.maximum(taken, LEAST[figure])
    columns = np.array([[term(point.n, point.dim) for term in terms[left_out:]] for point in points])
    coefficients, _ = nnls(columns * weights[:, None], taken * weights)
    return [0.0] * left_out + coefficients.tolist()


def errors(model: Model, measured: Sequence[Measured]) -> dict[str, float]:
    """Return how far predictions are off, relative to what was measured: "graph cpu_s" -> the largest of all points."""
    found: dict[str, float] = {}
    for point in measured:
        stage = STAGES[point.stage]
        if point.stage in model.coefficients and stage.least <= point.n <= stage.most:
            for figure in stage.costs:
                taken = point.figures[figure]
                off = abs(model.predict(point.stage, figure, point.n, point.dim) - taken) / max(taken, LEAST[figure])
                name = f"{point.stage} {figure}"
                found[name] = max(found.get(name, 0.0), off)
    return found


def load(path: Path = FITTED) -> tuple[Model, Mapping[str, float]]:
    """Return the model that scale_model.py wrote, and all its figures."""
    figures: dict[str, float] = json.loads(path.read_text())["figures"]
    found: dict[str, dict[str, list[float]]] = {}
    for name, stage in STAGES.items():
        for figure, terms in stage.costs.items():
            names = [f"{name} {figure} {term.name}" for term in terms]
            if all(each in figures for each in names):
                found.setdefault(name, {})[figure] = [figures[each] for each in names]
    return Model(found), figures
