from __future__ import annotations

import numpy as np

from echodex.encoders.timbre_spectra import SAMPLE_RATE_HZ
from echodex.testing.make_timbre_fit import SECONDS, describe_scene, draw_scene


def test_a_scene_is_a_finite_waveform_of_a_length_within_bounds() -> None:
    for seed in range(40):
        scene = draw_scene(np.random.default_rng(seed))
        assert scene.dtype == np.float32
        assert SECONDS[0] <= len(scene) / SAMPLE_RATE_HZ <= SECONDS[1] + 0.001
        assert np.isfinite(scene).all()
        assert 0 < np.abs(scene).max() <= 1


def test_a_number_is_a_scene() -> None:
    np.testing.assert_array_equal(describe_scene(5), describe_scene(5))
    assert (describe_scene(5) != describe_scene(6)).any()
