from __future__ import annotations

import numpy as np
import pytest

from echodex.indexing.groups import shortened as module
from echodex.indexing.groups.shortened import SLACK, shortened
from echodex.schemas.vector import Float32


def unit(rows: object) -> Float32:
    wide = np.asarray(rows, dtype=np.float64)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("min_score", [0.3, 0.98])
@pytest.mark.parametrize("kind", ["noise", "flat", "one direction"])
def test_the_bound_holds_for_every_pair(monkeypatch: pytest.MonkeyPatch, kind: str, min_score: float) -> None:
    monkeypatch.setattr(module, "FEW_ROWS", 100)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 80))
    if kind == "flat":
        rows[:, 5:] *= 1e-4
    if kind == "one direction":
        rows = rng.normal(size=(1, 80)) + 1e-3 * rows
    matrix = unit(np.concatenate([rows, rows[:20]]))
    short = shortened(matrix, min_score)
    assert short.shape == (420, 32)
    truth = matrix.astype(np.float64) @ matrix.astype(np.float64).T
    assert (short @ short.T >= truth - SLACK).all()
    assert np.einsum("ij,ij->i", short, short) == pytest.approx(1, abs=SLACK)


def test_longer_where_shorter_rules_too_little_out() -> None:
    noise = unit(np.random.default_rng(1).normal(size=(5000, 512)))
    assert shortened(noise, 0.98).shape == (5000, 32)
    assert shortened(noise, 0.8).shape == (5000, 128)
    assert shortened(noise, 0.1).shape == (5000, 256)


def test_few_rows_and_short_vectors_stay_as_they_are() -> None:
    few = unit(np.random.default_rng(2).normal(size=(100, 512)))
    flat = unit(np.random.default_rng(3).normal(size=(5000, 40)))
    assert shortened(few, 0.9) is few
    assert shortened(flat, 0.9) is flat
