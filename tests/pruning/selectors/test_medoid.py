from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.pruning.selectors.medoid import Medoid

Matrix = NDArray[np.float32]
RNG = np.random.default_rng(0)


def test_the_medoid_is_kept_and_the_nearest_to_it_come_next(blob: Callable[..., Matrix]) -> None:
    vectors = blob(30)
    wide = vectors.astype(np.float64)
    centre = int((wide @ wide.T).mean(axis=1).argmax())
    chosen = Medoid().select(vectors, RNG)
    assert (chosen.kept, chosen.order[0]) == (1, centre)
    assert chosen.gains == pytest.approx((1 + wide[chosen.order] @ wide[centre]) / 2, abs=1e-6)
    assert chosen.order.tolist() == (-(wide @ wide[centre])).argsort(kind="stable").tolist()


def test_weights_bring_a_clip_forward_but_not_before_the_medoid(blob: Callable[..., Matrix]) -> None:
    vectors = blob(30)
    plain = Medoid().select(vectors, RNG).order
    weights = np.ones(30, dtype=np.float32)
    weights[plain[-1]] = 100
    assert Medoid().select(vectors, RNG, weights).order.tolist() == [plain[0], plain[-1], *plain[1:-1]]


def test_one_clip() -> None:
    assert Medoid().select(np.array([[1.0, 0.0]], np.float32), RNG).order.tolist() == [0]
