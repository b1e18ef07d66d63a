from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from echodex.evaluation.cliques.plot import draw_cliques
from echodex.evaluation.cliques.protocol import CliqueDistances, CliquesConfig, Means
from echodex.evaluation.cliques.report import CliquesReport, cliques_report
from echodex.schemas.vector import Space

SPACE = Space("features", "import", "import:features", {}, 52, "2026-01-01")


def report(inside: Sequence[float] | Means, outside: Sequence[float] | Means, bins: int = 10) -> CliquesReport:
    within, others = np.array(inside, np.float64), np.array(outside, np.float64)
    sizes = np.where(np.isnan(within), 1, 2)
    works = np.array([f"W_{number}" for number in range(len(within))])
    found = CliqueDistances(works, sizes, within, others)
    return cliques_report(found, CliquesConfig(bins=bins), SPACE, standardised=False, unnamed=3)


def test_figures_against_scikit_learn_and_numpy() -> None:
    random = np.random.default_rng(0)
    inside, outside = random.normal(10, 3, 200), random.normal(12, 3, 200)
    inside[150:] = np.nan
    found = report(inside, outside, bins=40)
    paired = inside[:150]
    truth = np.r_[np.zeros(150), np.ones(200)]
    assert found.auc == pytest.approx(roc_auc_score(truth, np.r_[paired, outside]))
    assert (found.works, found.singletons, found.clips, found.unnamed) == (200, 50, 350, 3)
    assert found.nearer == pytest.approx((paired < outside[:150]).mean())
    assert found.inside_mean == pytest.approx(paired.mean())
    assert found.outside_mean == pytest.approx(outside.mean())
    assert (len(found.edges), sum(found.inside), sum(found.outside)) == (41, 150, 200)
    shares = [np.histogram(values, found.edges)[0] / len(values) for values in (paired, outside)]
    assert found.overlap == pytest.approx(sum(min(pair) for pair in zip(*shares, strict=True)))


def test_apart_and_alike_are_the_ends_of_the_scale() -> None:
    apart, alike = report([1, 2, 3], [11, 12, 13]), report([1, 2, 3], [1, 2, 3])
    assert (apart.auc, apart.overlap, apart.nearer) == (1, 0, 1)
    assert (alike.auc, alike.nearer) == (0.5, 0)
    assert alike.overlap == pytest.approx(1)


def test_without_any_pair_what_needs_one_is_none(tmp_path: Path) -> None:
    found = report([np.nan, np.nan], [4, 5])
    assert (found.auc, found.overlap, found.nearer, found.inside_mean) == (None, None, None, None)
    assert found.singletons == 2
    draw_cliques(found, tmp_path / "cliques.png")


def test_the_picture_is_the_same_bytes_again_and_changes_with_the_figures(tmp_path: Path) -> None:
    one = report([1, 2, 3], [2, 3, 4])
    for name, drawn in (("a", one), ("b", one), ("c", replace(one, inside=tuple(reversed(one.inside))))):
        draw_cliques(drawn, tmp_path / f"{name}.png")
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a[:4] == b"\x89PNG"
    assert a == b != c


def test_what_is_printed_says_what_was_left_out() -> None:
    found = report([1, np.nan], [2, 3])
    assert found.header() == "features: 3 clips of 2 works, 1 of one clip, 3 clips without a work left out"
    columns, rows = found.table()
    assert (columns, len(rows)) == (["metric", "value"], 5)
    assert replace(found, standardised=True).header().startswith("features, standardised: ")
    assert asdict(found)["samples"] == 100
