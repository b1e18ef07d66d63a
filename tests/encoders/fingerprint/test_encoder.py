"""From a clip to its fingerprints: where segments lie, what no neighbour changes, which weights are taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
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
from echodex.encoders.fingerprint import encoder as encoder_module
from echodex.encoders.fingerprint.config import PRESETS, FingerprintConfig
from echodex.encoders.fingerprint.encoder import Fingerprint, segment_count
from echodex.encoders.fingerprint.frontend import LogMel
from echodex.encoders.fingerprint.network import FingerprintNet, build_network, state_shapes
from echodex.encoders.registry import build, encoder_class
from echodex.encoders.resolve import resolve
from echodex.errors import BadInput
from echodex.training.trained import read_encoder, save_trained

Arrays = dict[str, NDArray[Any]]
Float32 = NDArray[np.float32]
SMALL = PRESETS["small"]


@cache
def tuned(config: FingerprintConfig) -> Arrays:
    """The arrays of a fresh network whose norms know what noise looks like, so that it tells sounds apart."""
    network = build_network(config)
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        network(LogMel(config)(torch.from_numpy(noise(64 * 8000, 99).reshape(64, 8000))))
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def learned(config: FingerprintConfig = SMALL) -> Arrays:
    return dict(tuned(config))


def make(weights: Arrays | None = None, **settings: Any) -> Fingerprint:
    weights = weights or learned()
    return Fingerprint(Fingerprint.build(settings, weights).config, weights, device="cpu")


def noise(samples: int, seed: int = 0) -> Float32:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def layer_by_layer(config: FingerprintConfig, weights: Arrays, segment: Float32) -> Float32:
    """What front end and network as trained say of one segment."""
    network = FingerprintNet(config).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    with torch.inference_mode():
        z: Float32 = network(LogMel(config)(torch.from_numpy(segment)[None]))[0].numpy()
    return z


def test_a_segment_every_half_second_each_as_the_network_says() -> None:
    clip = noise(30_000)
    (segments,) = make().encode([clip])
    assert_array_equal(segments.start_s, np.arange(6) / 2)
    assert segments.vectors.shape == (6, 64)
    assert_allclose(np.linalg.norm(segments.vectors, axis=1), 1, atol=1e-6)
    for row, vector in enumerate(segments.vectors):
        expected = layer_by_layer(SMALL, learned(), clip[4000 * row : 4000 * row + 8000])
        assert_allclose(vector, expected, atol=5e-6)


@pytest.mark.parametrize(("samples", "count"), [(1, 1), (7999, 1), (8000, 1), (11_999, 1), (12_000, 2), (240_000, 59)])
def test_how_many_segments_a_clip_has(samples: int, count: int) -> None:
    assert segment_count(samples, SMALL) == count
    if samples >= 8000:
        assert count == (samples - 8000 + 4000) // 4000  # as published


@given(samples=st.integers(1, 100_000), hop=st.sampled_from([0.1, 0.5, 0.3, 2.0]))
def test_every_segment_is_whole_and_no_further_one_would_be(samples: int, hop: float) -> None:
    config = replace(SMALL, hop_s=hop)
    last = (segment_count(samples, config) - 1) * config.segment_hop
    assert last + 8000 <= max(samples, 8000) < last + config.segment_hop + 8000


def test_a_short_clip_is_filled_up_with_zeros() -> None:
    clip = noise(3000)
    (segments,) = make().encode([clip])
    assert segments.start_s.tolist() == [0]
    assert_allclose(segments.vectors[0], layer_by_layer(SMALL, learned(), np.pad(clip, (0, 5000))), atol=5e-6)


@pytest.mark.parametrize("normalisation", ["segment", "batch"])
def test_neighbours_change_no_bit(normalisation: str) -> None:
    encoder = make(normalisation=normalisation)
    clips = [noise(samples, samples) for samples in (100_000, 700, 300_000, 12_345)]
    clips[0] *= 30
    together = encoder.encode(clips)
    for clip, segments in zip(reversed(clips), reversed(together), strict=True):
        (alone,) = encoder.encode([clip])
        assert_array_equal(alone.vectors, segments.vectors)
        assert_array_equal(alone.start_s, segments.start_s)


def test_the_number_of_threads_changes_no_bit() -> None:
    encoder, clips, threads = make(), [noise(300_000)], torch.get_num_threads()
    try:
        found = []
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(encoder.encode(clips)[0].vectors)
    finally:
        torch.set_num_threads(threads)
    assert_array_equal(found[0], found[1])


def test_other_sounds_have_other_vectors() -> None:
    (segments,) = make().encode([noise(80_000)])
    similarity = segments.vectors @ segments.vectors.T
    assert similarity[np.triu_indices(len(similarity), 2)].max() < 0.9


def test_a_cut_from_a_whole_half_second_has_the_fingerprints_of_the_whole() -> None:
    clip, encoder = noise(400_000), make()
    (whole,), (cut,) = encoder.encode([clip]), encoder.encode([clip[44_000:120_000]])
    assert_allclose(cut.vectors, whole.vectors[11 : 11 + len(cut.vectors)], atol=2e-6)


def nafp_small(**changes: Any) -> FingerprintConfig:
    """The published front end before a network of a size for tests."""
    network = {key: getattr(SMALL, key) for key in ("channels", "time_strides", "norm", "dim")}
    return replace(PRESETS["nafp"], n_mels=64, activation_last=True, **network, **changes)


def test_the_maximum_of_the_batch_is_that_of_the_clip() -> None:
    clip = np.concatenate([noise(140_000), 5 * noise(8000, 1), noise(20_000, 2)])
    config = nafp_small(normalisation="batch")
    weights = learned(config)
    (segments,) = Fingerprint(config, weights, device="cpu").encode([clip])
    rows = torch.from_numpy(clip).unfold(0, 8000, 4000)
    network = FingerprintNet(config).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    with torch.inference_mode():
        expected = network(LogMel(config)(rows))
        own_maximum = network(LogMel(nafp_small())(rows))
    assert len(segments.vectors) == len(rows) > 32
    assert_allclose(segments.vectors, expected, atol=5e-6)
    assert np.abs(segments.vectors - own_maximum.numpy()).max() > 1e-3


@pytest.mark.parametrize("level", [0.0, 1e-30, 1e-9])
def test_silence_and_what_is_nearly_silent_have_vectors(level: float) -> None:
    quiet = [np.float32(level) * noise(12_000, 1), np.full(8000, level, np.float32)]
    for config in (SMALL, nafp_small(), nafp_small(waveform_norm="l2", remove_mean=True)):
        encoder = Fingerprint(config, learned(config), device="cpu")
        first, again = encoder.encode(quiet), encoder.encode(quiet)
        for one, other in zip(first, again, strict=True):
            assert_allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-5)
            assert_array_equal(one.vectors, other.vectors)


@pytest.mark.parametrize("gain", [1e-4, 0.1, 50.0])
def test_level_does_not_matter_to_small(gain: float) -> None:
    clip, encoder = noise(20_000), make()
    (plain,), (changed,) = encoder.encode([clip]), encoder.encode([np.float32(gain) * clip])
    assert_allclose(changed.vectors, plain.vectors, atol=1e-4)


def test_no_clips_no_segments() -> None:
    assert make().encode([]) == []


@pytest.mark.parametrize("clip", [np.zeros(0, np.float32), np.array([0, np.inf], np.float32)])
def test_what_has_no_vector_is_named_by_its_position(clip: Float32) -> None:
    with pytest.raises(BadInput, match="waveform 1 is empty or not finite"):
        make().encode([noise(100), clip])


def test_weights_that_give_no_numbers_are_refused() -> None:
    name = "f.convs.3.ln1.running_var"
    with pytest.raises(BadInput, match="its weights are damaged"):
        make({**learned(), name: -learned()[name]}).encode([noise(100)])


def test_config_and_weights_make_the_encoder_again() -> None:
    first = make(hop_s=0.25)
    again = build("fingerprint", asdict(first.config), first.weights())
    assert digest(again) == digest(first) != digest(make())
    assert (first.dim, first.config.sample_rate_hz) == (64, 8000)
    counters = {name for name in learned() if name.endswith("num_batches_tracked")}
    bare = {name: array for name, array in learned().items() if name not in counters}
    zeros = {name: np.zeros((), np.int64) for name in counters}
    assert digest(make(bare)) == digest(make(bare | zeros))


def test_building_draws_no_random_numbers() -> None:
    weights, before = learned(), torch.get_rng_state()
    make(weights)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_a_training_saves_is_the_encoder(tmp_path: Path) -> None:
    config = replace(SMALL, channels="16,16,32,32,64,64", dim=16)
    state = {f"encoder.{name}": array for name, array in learned(config).items()}
    save_trained(tmp_path / "encoder.safetensors", "fingerprint", asdict(config), state)
    trained = read_encoder(tmp_path / "encoder.safetensors", {"hop_s": 0.25})
    assert trained.config == replace(config, hop_s=0.25)
    (segments,) = trained.encode([noise(12_000)])
    assert segments.vectors.shape == (3, 16)
    settings = {"preset": "small", "channels": config.channels, "dim": 16}
    again = resolve("fingerprint", settings, str(tmp_path / "encoder.safetensors"))
    assert digest(again) == digest(read_encoder(tmp_path / "encoder.safetensors"))


def test_a_store_keeps_a_row_for_each_segment(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> None:
    save_file(learned(), tmp_path / "small.safetensors")
    store.add(make_wav("a.wav", seconds=3.2), make_wav("b.wav", seed=1, seconds=0.4))
    report = store.embed("fingerprint", checkpoint=str(tmp_path / "small.safetensors"), settings={"hop_s": 0.25})
    assert (report.embedded, report.space.encoder, report.space.dim) == (2, "fingerprint", 64)
    assert report.space.config == asdict(replace(SMALL, hop_s=0.25))


def test_without_weights_it_says_that_it_needs_some(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(encoder_module, "SHIPPED", tmp_path / "none.safetensors")
    with pytest.raises(BadInput, match="'fingerprint' needs trained weights: give a checkpoint"):
        build("fingerprint")


def test_weights_that_ship_are_used_with_their_own_settings_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoder_module, "SHIPPED", tmp_path / "shipped.safetensors")
    save_file(learned(), tmp_path / "shipped.safetensors")
    assert digest(build("fingerprint")) == digest(make())
    assert build("fingerprint", {"hop_s": 0.25}).config == replace(SMALL, hop_s=0.25)
    for settings in ({"preset": "nafp"}, {"floor_db": 40.0}):
        with pytest.raises(BadInput, match="are of the preset small, of which hop_s alone can be set"):
            build("fingerprint", settings)


def test_the_package_is_imported_without_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, echodex.encoders.fingerprint.config as c; c.PRESETS['small']; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "False"
    assert encoder_class("fingerprint") is Fingerprint


@pytest.mark.gpu
@pytest.mark.parametrize("normalisation", ["segment", "batch"])
def test_a_gpu_gives_the_same_vectors(normalisation: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    weights, clips = learned(), [noise(samples, samples) for samples in (300_000, 700, 300_000, 40_000)]
    on_gpu = build("fingerprint", {"normalisation": normalisation}, weights).encode(clips)
    on_cpu = make(normalisation=normalisation).encode(clips)
    for ours, theirs in zip(on_gpu, on_cpu, strict=True):
        assert_allclose(ours.vectors, theirs.vectors, atol=1e-4)


def test_presets_can_be_built_by_their_shapes_alone() -> None:
    shapes = state_shapes(SMALL)
    assert (
        build("fingerprint", {}, {name: np.ones(shape, np.float32) for name, shape in shapes.items()}).config == SMALL
    )
