from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import average_precision_score, roc_auc_score

from echodex.evaluation import bootstrap as module
from echodex.evaluation.bootstrap import bounds, draws, resampled_classes, resampled_mean

N = 60
RANDOM = np.random.default_rng(5)
TRUTH = RANDOM.random((N, 3)) < 0.4
SCORES = (RANDOM.random((N, 3)) + 0.4 * TRUTH).astype(np.float32)


@pytest.mark.parametrize(("place", "metric"), [(0, roc_auc_score), (1, average_precision_score)])
def test_the_interval_is_scipys(place: int, metric: object) -> None:
    """The same draws, so the same interval but for rounding; scipy calls the metric once a resample."""
    drawn = resampled_classes(TRUTH, SCORES, 200, seed=3)[place]
    found = bounds(drawn.mean(axis=1))
    expected = bootstrap(
        (np.arange(N),),
        lambda rows: metric(TRUTH[rows], SCORES[rows], average="macro"),  # type: ignore[operator]
        n_resamples=200,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert found.low == pytest.approx(expected.low)
    assert found.high == pytest.approx(expected.high)


def test_the_interval_of_a_mean_is_scipys() -> None:
    values = SCORES[:, 0].astype(np.float64)
    found = bounds(resampled_mean(values, 500, seed=1))
    rng = np.random.default_rng(1)
    expected = bootstrap((values,), np.mean, n_resamples=500, method="percentile", rng=rng).confidence_interval
    assert found.low == pytest.approx(expected.low)
    assert found.high == pytest.approx(expected.high)


def test_clips_without_a_value_take_no_part() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan])
    figures = resampled_mean(values, 300, seed=0)
    counts = np.concatenate(list(draws(4, 300, seed=0)))
    for figure, count in zip(figures, counts, strict=True):
        drawn = np.repeat([1.0, 3.0], count[[0, 2]])
        assert figure == pytest.approx(drawn.mean()) if len(drawn) else np.isnan(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 1.0 <= bounds(figures).low <= bounds(figures).high <= 3.0


def test_draws_are_whole_samples_and_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(draws(7, 50, seed=9)))
    assert whole.shape == (50, 7)
    assert (whole.sum(axis=1) == 7).all()
    monkeypatch.setattr(module, "_CELLS", 30)
    blocks = list(draws(7, 50, seed=9))
    assert len(blocks) == 13
    assert np.array_equal(np.concatenate(blocks), whole)


def test_a_class_that_is_rarely_drawn() -> None:
    """One clip of 60 has it: where that is not drawn, the class has no figure, and the others have theirs."""
    truth = TRUTH.copy()
    truth[:, 0] = np.arange(N) == 0
    roc, _ = resampled_classes(truth, SCORES, 200, seed=0)
    missing = np.isnan(roc[:, 0]).mean()
    assert missing == pytest.approx((1 - 1 / N) ** N, abs=0.1)
    assert not np.isnan(roc[:, 1:]).any()
