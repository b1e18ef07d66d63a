"""From a clip to its vectors: where segments lie, what no neighbour changes, frames made before, which weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from safetensors.numpy import save_file

from echodex.api import Store
from echodex.encoders.base import digest
from echodex.encoders.registry import build, encoder_class
from echodex.encoders.resolve import resolve
from echodex.encoders.versions.config import PRESETS, VersionsConfig
from echodex.encoders.versions.cqt import ConstantQ
from echodex.encoders.versions.encoder import Versions, segment_count
from echodex.encoders.versions.network import VersionsNet, state_shapes
from echodex.errors import BadInput
from echodex.training.trained import read_encoder, save_trained

Arrays = dict[str, NDArray[Any]]
Float32 = NDArray[np.float32]


def noise(samples: int, seed: int = 0) -> Float32:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


@pytest.fixture(scope="session")
def make(
    tiny_config: Callable[[str], VersionsConfig], tiny_weights: Callable[[str], Arrays]
) -> Callable[..., Versions]:
    """An encoder on the CPU: make(kind, **settings)."""

    def made(kind: str, **settings: Any) -> Versions:
        return Versions(replace(tiny_config(kind), **settings), tiny_weights(kind), device="cpu")

    return made


def test_a_segment_every_hop_each_as_network_and_front_end_say(
    kind: str, make: Callable[..., Versions], tiny_network: Callable[[str], VersionsNet]
) -> None:
    """13 segments: more than go through the network at once. The last begins the clip again."""
    clip = noise(16_000 * 8 - 3000)
    encoder = make(kind)
    (segments,) = encoder.encode([clip])
    assert_array_equal(segments.start_s, np.arange(13) / 2)
    assert segments.vectors.shape == (13, 6)
    again = np.concatenate([clip, clip])
    front = ConstantQ(encoder.config)
    for row, vector in enumerate(segments.vectors):
        heard = torch.from_numpy(again[8000 * row : 8000 * row + 32_000])[None]
        with torch.inference_mode():
            expected = tiny_network(kind)(front(heard))[0]
        assert_allclose(vector, expected, atol=1e-4)
    assert np.ptp(segments.vectors, axis=0).max() > 0.01


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.1, 1), (19.9, 1), (20, 1), (20.1, 2), (25, 2), (25.001, 3), (200, 37)]
)
def test_how_many_segments_a_clip_has(seconds: float, count: int) -> None:
    assert segment_count(round(seconds * 16_000), 320_000, 80_000) == count


@given(length=st.integers(1, 10_000), size=st.integers(1, 500), hop=st.integers(1, 600))
def test_every_sample_is_heard_and_no_segment_is_only_a_repetition(length: int, size: int, hop: int) -> None:
    last = (segment_count(length, size, hop) - 1) * hop
    assert last + size >= length
    assert last == 0 or last - hop + size < length


def test_a_short_clip_is_repeated(kind: str, make: Callable[..., Versions]) -> None:
    encoder, clip = make(kind), noise(5000)
    (short,), (repeated,) = encoder.encode([clip]), encoder.encode([np.resize(clip, 32_000)])
    assert short.start_s.tolist() == [0]
    assert_array_equal(short.vectors, repeated.vectors)
    assert np.isfinite(encoder.encode([clip[:1]])[0].vectors).all()


def test_neighbours_change_no_bit(kind: str, make: Callable[..., Versions]) -> None:
    encoder = make(kind)
    clips = [noise(samples, samples) for samples in (100_000, 700, 160_000, 42_345)]
    clips[0] *= 30
    together = encoder.encode(clips)
    for clip, segments in zip(reversed(clips), reversed(together), strict=True):
        (alone,) = encoder.encode([clip])
        assert_array_equal(alone.vectors, segments.vectors)
        assert_array_equal(alone.start_s, segments.start_s)


def test_the_number_of_threads_changes_no_bit(kind: str, make: Callable[..., Versions]) -> None:
    encoder, clips, threads = make(kind), [noise(160_000)], torch.get_num_threads()
    try:
        found = []
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(encoder.encode(clips)[0].vectors)
    finally:
        torch.set_num_threads(threads)
    assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("gain", [1e-3, 50.0])  # below that the published epsilon of the scaling begins to show
def test_level_does_not_matter(gain: float, make: Callable[..., Versions]) -> None:
    clip, encoder = noise(40_000), make("folded")
    (plain,), (changed,) = encoder.encode([clip]), encoder.encode([np.float32(gain) * clip])
    assert_allclose(changed.vectors, plain.vectors, atol=2e-3)


def test_silence_has_a_vector_with_the_published_noise_too(kind: str, make: Callable[..., Versions]) -> None:
    silence = np.zeros(40_000, np.float32)
    (still,) = make(kind).encode([silence])
    noisy, again = make(kind, noise=True).encode([silence, silence])
    assert_array_equal(noisy.vectors, again.vectors)
    assert np.abs(noisy.vectors - still.vectors).max() > 1e-3


def test_frames_made_before_give_the_same_vectors(kind: str, make: Callable[..., Versions]) -> None:
    """To the bit where the clip is one segment; else but for what a segment mirrors at its ends."""
    encoder = make(kind)
    front = ConstantQ(encoder.config)
    clips = [noise(32_000), noise(80_000, 1)]
    frames = [front(torch.from_numpy(clip)[None])[0].numpy() for clip in clips]
    assert [clip.shape for clip in frames] == [(84, 20), (84, 50)]
    found, heard = encoder.encode_frames(frames), encoder.encode(clips)
    assert_array_equal(found[0].vectors, heard[0].vectors)
    assert_array_equal(found[1].start_s, heard[1].start_s)
    spread = np.ptp(heard[1].vectors, axis=0).max()
    assert np.abs(found[1].vectors - heard[1].vectors).max() < spread
    (short,) = encoder.encode_frames([frames[0][:, :7]])
    (repeated,) = encoder.encode_frames([np.tile(frames[0][:, :7], 3)[:, :20]])
    assert_array_equal(short.vectors, repeated.vectors)


def test_frames_of_other_bands_are_refused(make: Callable[..., Versions]) -> None:
    encoder, good = make("folded"), np.ones((84, 30), np.float32)
    with pytest.raises(BadInput, match="frames 1 have 96 bands, but this encoder takes 84"):
        encoder.encode_frames([good, np.ones((96, 30), np.float32)])
    with pytest.raises(BadInput, match="frames 1 is empty or not finite"):
        encoder.encode_frames([good, good[:, :0]])


def test_no_clips_no_segments(make: Callable[..., Versions]) -> None:
    assert make("folded").encode([]) == make("folded").encode_frames([]) == []


@pytest.mark.parametrize("clip", [np.zeros(0, np.float32), np.array([0, np.inf], np.float32)])
def test_what_has_no_vector_is_named_by_its_position(clip: Float32, make: Callable[..., Versions]) -> None:
    with pytest.raises(BadInput, match="waveform 1 is empty or not finite"):
        make("folded").encode([noise(100), clip])


def test_weights_that_give_no_numbers_are_refused(
    make: Callable[..., Versions], tiny_weights: Callable[[str], Arrays]
) -> None:
    weights = tiny_weights("clews")
    weights["proj.0.running_var"] *= -1
    with pytest.raises(BadInput, match="its weights are damaged"):
        Versions(make("clews").config, weights, device="cpu").encode([noise(100)])


def test_config_and_weights_make_the_encoder_again(kind: str, make: Callable[..., Versions]) -> None:
    first = make(kind, hop_s=0.25)
    again = build("versions", asdict(first.config), first.weights())
    assert digest(again) == digest(first) != digest(make(kind))
    assert (first.dim, first.config.sample_rate_hz) == (6, 16_000)


def test_the_encoder_keeps_its_weights_when_the_givers_change(
    make: Callable[..., Versions], tiny_weights: Callable[[str], Arrays]
) -> None:
    weights = tiny_weights("folded")
    encoder = Versions(make("folded").config, weights, device="cpu")
    before = encoder.encode([noise(32_000)])[0].vectors
    for array in weights.values():
        array *= 0
    assert_array_equal(encoder.encode([noise(32_000)])[0].vectors, before)


def test_counters_may_be_missing(make: Callable[..., Versions], tiny_weights: Callable[[str], Arrays]) -> None:
    weights = tiny_weights("clews")
    counters = {name for name in weights if name.endswith("num_batches_tracked")}
    bare = {name: array for name, array in weights.items() if name not in counters}
    config = make("clews").config
    zeros = {name: np.zeros((), np.int64) for name in counters}
    assert digest(Versions(config, bare)) == digest(Versions(config, bare | zeros))


def test_building_draws_no_random_numbers(make: Callable[..., Versions]) -> None:
    before = torch.get_rng_state()
    make("clews")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("settings", [{}, {"preset": "dvi"}, {"preset": "small", "hop_s": 10.0}])
def test_without_weights_it_says_how_to_give_some(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"'versions' needs trained weights: give a checkpoint file with --checkpoint"):
        resolve("versions", settings)


def test_wrong_settings_are_named_before_missing_weights() -> None:
    with pytest.raises(BadInput, match="did you mean 'small'"):
        resolve("versions", {"preset": "smal"})
    with pytest.raises(BadInput, match="has no setting 'hop'"):
        resolve("versions", {"hop": 5})


def test_what_a_training_saves_is_the_encoder(
    tmp_path: Path, kind: str, make: Callable[..., Versions], tiny_weights: Callable[[str], Arrays]
) -> None:
    path, config = tmp_path / "encoder.safetensors", make(kind).config
    save_trained(path, "versions", asdict(config), {f"encoder.{k}": v for k, v in tiny_weights(kind).items()})
    trained = read_encoder(path, {"hop_s": 0.25})
    assert trained.config == replace(config, hop_s=0.25)
    assert digest(read_encoder(path)) == digest(make(kind))
    assert digest(resolve("versions", asdict(config), str(path))) == digest(make(kind))


def test_a_store_keeps_a_row_for_each_segment(
    store: Store, make_wav: Callable[..., Path], tmp_path: Path, make: Callable[..., Versions]
) -> None:
    encoder = make("clews")
    save_file(encoder.weights(), tmp_path / "clews.safetensors")
    store.add(make_wav("a.wav", seconds=3.2), make_wav("b.wav", seed=1, seconds=0.4))
    settings = asdict(encoder.config)
    report = store.embed("versions", checkpoint=str(tmp_path / "clews.safetensors"), settings=settings)
    assert (report.embedded, report.space.encoder, report.space.dim) == (2, "versions", 6)
    assert report.space.config == settings


def test_the_settings_are_known_without_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, echodex.encoders.versions.config as c; c.PRESETS['dvi']; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "False"
    assert encoder_class("versions") is Versions


def test_presets_can_be_built_by_their_shapes_alone() -> None:
    shapes = state_shapes(PRESETS["small"])
    arrays = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    encoder = build("versions", {}, arrays)
    assert (encoder.config, encoder.dim) == (PRESETS["small"], 128)


@pytest.mark.gpu
def test_a_gpu_gives_the_same_vectors(kind: str, make: Callable[..., Versions]) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    clips = [noise(samples, samples) for samples in (100_000, 700, 160_000, 42_345)]
    on_gpu = build("versions", asdict(make(kind).config), make(kind).weights()).encode(clips)
    for ours, theirs in zip(on_gpu, make(kind).encode(clips), strict=True):
        assert_allclose(ours.vectors, theirs.vectors, atol=1e-3)
