from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from echodex.encoders import track_statistics as ts
from echodex.schemas.vector import Float32


@pytest.fixture
def tracks() -> Float32:
    random = np.random.default_rng(0)
    mixing = random.standard_normal((6, 4))
    return (mixing @ random.gamma(2.0, size=(4, 400))).astype(np.float32)


def test_moments_are_those_of_scipy(tracks: Float32) -> None:
    mean, deviation, skewness, kurtosis = ts.moments(tracks)
    np.testing.assert_allclose(mean, tracks.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(deviation, tracks.std(axis=1), rtol=1e-4)
    np.testing.assert_allclose(skewness, scipy.stats.skew(tracks, axis=1), rtol=1e-3)
    np.testing.assert_allclose(kurtosis, np.log1p(scipy.stats.kurtosis(tracks, axis=1, fisher=False)), rtol=1e-3)


def test_quantiles_are_the_nearest_ordered_values(tracks: Float32) -> None:
    low, high = ts.quantiles(tracks, 0.1, 0.9)
    np.testing.assert_array_equal(low, np.quantile(tracks, 0.1, axis=1, method="nearest"))
    np.testing.assert_array_equal(high, np.quantile(tracks, 0.9, axis=1, method="nearest"))


def test_weighted_moments_count_a_frame_as_often_as_its_weight_says(tracks: Float32) -> None:
    times = np.random.default_rng(1).integers(0, 4, 400)
    mean, deviation = ts.weighted_moments(tracks, (times / times.sum()).astype(np.float32))
    repeated = np.repeat(tracks, times, axis=1)
    np.testing.assert_allclose(mean, repeated.mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(deviation, repeated.std(axis=1), rtol=1e-3)


def test_correlations_are_those_of_numpy(tracks: Float32) -> None:
    expected = np.asarray(np.corrcoef(tracks))[np.triu_indices(6, 1)]
    np.testing.assert_allclose(ts.correlations(tracks, 0.0), expected, atol=1e-4)


def test_a_constant_track_correlates_with_nothing(tracks: Float32) -> None:
    tracks[2] = 7.0
    pairs = np.array(np.triu_indices(6, 1)).T
    of_constant = ts.correlations(tracks, 1e-3)[(pairs == 2).any(axis=1)]
    np.testing.assert_allclose(of_constant, 0, atol=1e-3)


def test_slopes_are_the_least_squares_line_through_nine_frames(tracks: Float32) -> None:
    slopes = ts.slopes(tracks, reach=4)
    assert slopes.shape == (6, 392)
    for track, frame in ((0, 0), (3, 100), (5, 391)):
        slope, _ = np.polyfit(np.arange(9), tracks[track, frame : frame + 9].astype(float), 1)
        assert slopes[track, frame] == pytest.approx(slope, rel=1e-3, abs=1e-4)


def test_autocorrelation_is_that_of_numpy_and_zero_beyond_the_end(tracks: Float32) -> None:
    off = tracks[0].astype(float) - tracks[0].mean()
    full = np.correlate(off, off, "full")[399:]
    lags = (1, 5, 100, 399)
    np.testing.assert_allclose(ts.autocorrelation(tracks[0], lags), full[list(lags)] / full[0], atol=1e-4)
    assert ts.autocorrelation(tracks[0, :50], (60, 180)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(("rate_hz", "band"), [(1.0, 1), (5.0, 4), (20.0, 6)])
def test_modulation_finds_the_rate_at_which_a_track_goes_up_and_down(rate_hz: float, band: int) -> None:
    time_s = np.arange(500) / 100
    track = (10 + 3 * np.sin(2 * np.pi * rate_hz * time_s)).astype(np.float32)[None]
    share = ts.modulation(track, (0.4, 0.8, 1.5, 2.5, 4.0, 6.0, 13.0, 28.0, 50.0), 100.0, 1e-3)
    assert share.shape == (8,)
    assert share.argmax() == band


def test_modulation_densities_are_those_of_the_periodogram(tracks: Float32) -> None:
    rates = (5.0, 20.0, 45.0)
    hz, density = scipy.signal.periodogram(tracks.astype(float), 100.0, "hann", axis=1, detrend="constant")
    bands = np.stack([density[:, (hz >= a) & (hz < b)].mean(axis=1) for a, b in pairwise(rates)], 1)
    expected = np.log(bands / bands.sum(axis=1, keepdims=True)).ravel()
    np.testing.assert_allclose(ts.modulation(tracks, rates, 100.0, 1e-9), expected, atol=1e-3)


@given(
    arrays(np.float32, st.tuples(st.integers(2, 4), st.integers(50, 90)), elements=st.floats(-60, 0, width=32)),
    st.floats(-40, 40, width=32),
)
def test_shape_does_not_depend_on_level_and_nothing_is_ever_not_finite(tracks: Float32, offset: float) -> None:
    moved = tracks + np.float32(offset)
    for one, other in (
        (ts.mean_step(tracks), ts.mean_step(moved)),
        (ts.slopes(tracks), ts.slopes(moved)),
        (ts.correlations(tracks, 1e-1), ts.correlations(moved, 1e-1)),
    ):
        np.testing.assert_allclose(one, other, atol=1e-2)
    assert all(np.isfinite(part).all() for part in ts.moments(tracks))
    assert np.isfinite(ts.modulation(tracks, (0.4, 4.0, 50.0), 100.0, 1e-3)).all()
    assert np.isfinite(ts.autocorrelation(tracks[0], (1, 180))).all()
