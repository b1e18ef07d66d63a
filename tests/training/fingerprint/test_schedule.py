from __future__ import annotations

import math

import pytest

from echodex.training.fingerprint.schedule import rate_factor


def test_the_cosine_of_the_published_program() -> None:
    """((1 - alpha) (1 + cos(pi t)) / 2 + alpha), t from 0 to 1 over all steps; it stays at alpha afterwards."""
    assert rate_factor("cosine", 1e-6, 200, 0) == 1.0
    assert rate_factor("cosine", 1e-6, 200, 100) == pytest.approx(0.5 + 0.5e-6)
    assert rate_factor("cosine", 1e-6, 200, 50) == pytest.approx((1 - 1e-6) * (1 + math.sqrt(0.5)) / 2 + 1e-6)
    assert rate_factor("cosine", 1e-6, 200, 200) == pytest.approx(1e-6)
    assert rate_factor("cosine", 1e-6, 200, 300) == pytest.approx(1e-6)


def test_restarts_after_a_tenth_and_then_after_twice_as_many() -> None:
    factors = [rate_factor("restarts", 2e-6, 1000, step) for step in range(1000)]
    begun = [step for step in range(1, 1000) if factors[step] > factors[step - 1]]
    assert begun == [100, 300, 700]
    assert [factors[step] for step in (0, 100, 300, 700)] == pytest.approx([1.0] * 4)
    assert [factors[step] for step in (50, 200, 500)] == pytest.approx([0.5] * 3, rel=1e-5)
    assert min(factors) > 0


def test_none_is_none() -> None:
    assert rate_factor("none", 1e-6, 10, 7) == 1.0
