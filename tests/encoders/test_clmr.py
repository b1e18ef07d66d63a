"""From a clip to its windows, and from windows to vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from echodex.encoders.base import digest
from echodex.encoders.clmr import PUBLISHED, Clmr, ClmrConfig, window_starts
from echodex.encoders.registry import build
from echodex.encoders.samplecnn import WINDOW, SampleCNN, state_shapes
from echodex.errors import BadInput

Arrays = dict[str, NDArray[Any]]
RATE_HZ = 22_050


def make(weights: Arrays, **settings: Any) -> Clmr:
    config = Clmr.build(settings, weights).config
    return Clmr(config, weights, device="cpu")


def noise(length: int, seed: int = 0) -> NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)


def published(weights: Arrays, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network itself, layer by layer as published, says of a waveform."""
    network = SampleCNN().eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    with torch.inference_mode():
        h: NDArray[np.float32] = network.represent(torch.from_numpy(waveform)[None, None])[0].numpy()
    return h


def test_a_window_gives_the_golden_vector(clmr_weights: Arrays) -> None:
    sine = (0.5 * np.sin(0.05 * np.arange(WINDOW))).astype(np.float32)
    (segments,) = make(clmr_weights).encode([sine])
    assert_allclose(segments.vectors[0, :6], [0, 0.175543, 0.186443, 0.035754, 0, 0], atol=1e-6)
    assert_allclose(segments.vectors.sum(), 32.77913, atol=1e-4)


def test_windows_follow_each_other_and_the_last_ends_with_the_clip(clmr_weights: Arrays) -> None:
    clip = noise(5 * RATE_HZ)
    (segments,) = make(clmr_weights, pooling="windows").encode([clip])
    last = len(clip) - WINDOW
    assert_allclose(segments.start_s, [0, last / RATE_HZ], rtol=1e-6)
    assert segments.vectors.shape == (2, 512)
    for row, start in enumerate((0, last)):
        assert_allclose(segments.vectors[row], published(clmr_weights, clip[start : start + WINDOW]), atol=1e-5)


def test_the_mean_is_the_mean_of_the_windows(clmr_weights: Arrays) -> None:
    clip = noise(3 * WINDOW)
    (mean,) = make(clmr_weights).encode([clip])
    (windows,) = make(clmr_weights, pooling="windows").encode([clip])
    assert mean.start_s.tolist() == [0]
    assert len(windows.vectors) == 3
    assert_array_equal(mean.vectors[0], windows.vectors.mean(axis=0))


@pytest.mark.parametrize(
    ("samples", "settings", "starts"),
    [
        (100, {}, [0]),
        (WINDOW, {}, [0]),
        (WINDOW + WINDOW // 2, {}, [0]),
        (WINDOW + WINDOW // 2 + 1, {}, [0, WINDOW // 2 + 1]),
        (2 * WINDOW - 1, {"tail": "drop"}, [0]),
        (2 * WINDOW, {"tail": "drop"}, [0, WINDOW]),
        (2 * WINDOW, {"hop_samples": 29_524}, [0, 29_524, 59_048]),
        (round(29.1 * RATE_HZ), {"tail": "drop"}, [WINDOW * k for k in range(10)]),
    ],
)
def test_where_windows_start(samples: int, settings: dict[str, Any], starts: list[int]) -> None:
    assert window_starts(samples, ClmrConfig(**settings)) == starts


@given(samples=st.integers(1, 20 * WINDOW), hop=st.integers(2000, 3 * WINDOW))
def test_every_window_is_whole_and_no_end_goes_unheard(samples: int, hop: int) -> None:
    starts = window_starts(samples, ClmrConfig(hop_samples=hop))
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert samples - (starts[-1] + WINDOW) < hop / 2
    assert starts[-1] + WINDOW <= max(samples, WINDOW)


def test_a_short_clip_is_repeated_until_it_fills_a_window(clmr_weights: Arrays) -> None:
    clip = noise(10_000)
    (segments,) = make(clmr_weights).encode([clip])
    assert_allclose(segments.vectors[0], published(clmr_weights, np.tile(clip, 6)[:WINDOW]), atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "windows"])
def test_neighbours_change_no_bit(clmr_weights: Arrays, pooling: str) -> None:
    encoder = make(clmr_weights, pooling=pooling)
    clips = [noise(length, length) for length in (2 * WINDOW, 700, 3 * WINDOW + 40_000)]
    together = encoder.encode(clips)
    for clip, segments in zip(reversed(clips), reversed(together), strict=True):
        (alone,) = encoder.encode([clip])
        assert_array_equal(alone.vectors, segments.vectors)
        assert_array_equal(alone.start_s, segments.start_s)


def test_no_clips_no_segments(clmr_weights: Arrays) -> None:
    assert make(clmr_weights).encode([]) == []


def test_waveforms_may_be_read_only_views(clmr_weights: Arrays) -> None:
    clip = noise(2 * WINDOW)[::2]
    clip.flags.writeable = False
    assert make(clmr_weights).encode([clip])[0].vectors.dtype == np.float32


@pytest.mark.parametrize("clip", [np.zeros(0, np.float32), np.array([0, np.nan], np.float32)])
def test_what_has_no_vector_is_named_by_its_position(clmr_weights: Arrays, clip: NDArray[np.float32]) -> None:
    with pytest.raises(BadInput, match="waveform 1 is empty or not finite"):
        make(clmr_weights).encode([noise(100), clip])


def test_flatten_lays_the_frames_of_a_whole_clip_side_by_side(clmr_weights: Arrays) -> None:
    encoder = make(clmr_weights, pooling="flatten", flatten_s=6.0)
    clips = [noise(6 * RATE_HZ, 1), noise(6 * RATE_HZ + 5, 2)]
    flat = encoder.encode(clips)
    assert encoder.dim == 1024
    for clip, segments in zip(clips, flat, strict=True):
        assert segments.start_s.tolist() == [0]
        assert segments.vectors.shape == (1, 1024)
        assert_allclose(segments.vectors[0], published(clmr_weights, clip), atol=1e-5)


def test_flatten_of_a_magnatagatune_clip_has_the_published_length(clmr_weights: Arrays) -> None:
    assert make(clmr_weights, pooling="flatten").dim == 5120


def test_flatten_refuses_clips_of_another_length(clmr_weights: Arrays) -> None:
    encoder = make(clmr_weights, pooling="flatten", flatten_s=3.0)
    with pytest.raises(BadInput, match=r"waveform 1 has 118098 samples.* takes 59049 to 118097"):
        encoder.encode([noise(3 * RATE_HZ), noise(2 * WINDOW)])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pooling": "max"}, "pooling must be one of mean, windows, flatten, not 'max'"),
        ({"tail": "keep"}, "tail must be one of cover, drop"),
        ({"version": 2}, "version must be one of 1"),
        ({"hop_samples": 0}, "must be at least 1"),
        ({"flatten_s": 1.0}, "flatten_s must be at least 2.678"),
        ({"flatten_s": float("nan")}, "flatten_s must be at least 2.678"),
        ({"window": 5}, "has no setting 'window'"),
    ],
)
def test_a_setting_that_cannot_be_is_named(clmr_weights: Arrays, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        build("clmr", settings, clmr_weights)


def test_without_weights_it_says_where_to_get_some() -> None:
    with pytest.raises(BadInput, match=f"needs trained weights.*{PUBLISHED[0]}"):
        build("clmr")


def test_weights_of_another_network_are_refused(clmr_weights: Arrays) -> None:
    for name, change in (("sequential.3.0.bias", np.zeros(5, np.float32)), ("sequential.3.0.bias", None)):
        weights = {**clmr_weights, name: change}
        with pytest.raises(BadInput, match=r"sequential\.3\.0\.bias"):
            build("clmr", {}, {key: array for key, array in weights.items() if array is not None})


def test_weights_that_give_no_numbers_are_refused(clmr_weights: Arrays) -> None:
    name = "sequential.3.1.running_var"
    with pytest.raises(BadInput, match="its weights are damaged"):
        make({**clmr_weights, name: -clmr_weights[name]}).encode([noise(100)])


def test_config_and_weights_make_the_encoder_again(clmr_weights: Arrays) -> None:
    first = make(clmr_weights, pooling="windows", hop_samples=30_000)
    again = build("clmr", vars(first.config), first.weights())
    assert digest(again) == digest(first)
    assert digest(again) != digest(make(clmr_weights))
    assert first.weights().keys() == clmr_weights.keys()


def test_building_draws_no_random_numbers(clmr_weights: Arrays) -> None:
    before = torch.get_rng_state()
    make(clmr_weights)
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_need_no_counters_of_training_steps(clmr_weights: Arrays) -> None:
    bare = {name: array for name, array in clmr_weights.items() if not name.endswith("num_batches_tracked")}
    assert digest(make(bare)) == digest(make(clmr_weights))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_vectors(clmr_weights: Arrays) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    clips = [noise(length, length) for length in (2 * WINDOW, 700, 3 * WINDOW + 40_000)]
    on_cpu = make(clmr_weights, pooling="windows").encode(clips)
    on_gpu = build("clmr", {"pooling": "windows"}, clmr_weights).encode(clips)
    for ours, theirs in zip(on_gpu, on_cpu, strict=True):
        assert_allclose(ours.vectors, theirs.vectors, atol=1e-5)


@pytest.fixture(scope="module")
def small_weights(filled: Callable[..., Arrays]) -> Arrays:
    """Those of an encoder of a quarter of the width."""
    return filled(state_shapes(0.25))


def test_the_weights_say_how_wide_the_encoder_is(small_weights: Arrays, clmr_weights: Arrays) -> None:
    small = build("clmr", {}, small_weights)
    assert (small.dim, small.config.width) == (128, 0.25)
    assert (make(clmr_weights).dim, make(clmr_weights).config.width) == (512, 1.0)
    assert build("clmr", {"pooling": "flatten"}, small_weights).dim == 1280
    (segments,) = small.encode([noise(WINDOW)])
    assert segments.vectors.shape == (1, 128)
    again = build("clmr", vars(small.config), small.weights())
    assert digest(again) == digest(small)


def test_a_width_that_the_weights_have_not_is_refused(small_weights: Arrays) -> None:
    with pytest.raises(BadInput, match=r"sequential\.0\.0\.weight.* \(32, 1, 3\), not \(128, 1, 3\)"):
        build("clmr", {"width": 1.0}, small_weights)
    with pytest.raises(BadInput, match="k/128"):
        build("clmr", {"width": 0.001}, small_weights)


def test_a_checkpoint_of_another_width_is_read(small_weights: Arrays, tmp_path: Path) -> None:
    state = {f"encoder.{name}": torch.from_numpy(array) for name, array in small_weights.items()}
    torch.save(state | {"projector.0.weight": torch.ones(128, 128)}, tmp_path / "small.pt")
    found = Clmr.read_weights(tmp_path / "small.pt")
    assert found.keys() == small_weights.keys()
    assert_array_equal(found["sequential.10.0.weight"], small_weights["sequential.10.0.weight"])
