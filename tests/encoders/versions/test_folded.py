"""The network that cannot tell keys apart: what a change of key does to it, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from echodex.encoders.versions.config import PRESETS
from echodex.encoders.versions.folded import FoldedNet, Spectrum
from echodex.encoders.versions.network import VersionsNet


def random(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def test_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in FoldedNet(PRESETS["small"]).parameters()) == 274_467


@torch.inference_mode()
def test_magnitudes_do_not_turn() -> None:
    x = random(2, 4, 12)
    found = Spectrum()(x)
    assert_allclose(found, np.abs(np.fft.rfft(x.numpy())), atol=1e-5)
    assert_allclose(Spectrum()(x.roll(5, 2)), found, atol=1e-5)


@pytest.mark.parametrize("turn", [1, 7, 11])
@torch.inference_mode()
def test_all_after_the_folding_turns_with_the_key(turn: int, tiny_network: Callable[[str], VersionsNet]) -> None:
    network = tiny_network("folded")
    assert isinstance(network, FoldedNet)
    x = random(2, 8, 12, 40)
    assert_allclose(network.blocks(x.roll(turn, 2)), network.blocks(x).roll(turn, 2), atol=1e-5)


def chords(bands: range) -> torch.Tensor:
    """Eight pieces of chords of three tones in `bands`, as frames."""
    generator, music = torch.Generator().manual_seed(0), torch.zeros(8, 84, 60)
    for piece in music:
        for start in range(0, 60, 6):
            piece[bands.start + torch.randperm(len(bands), generator=generator)[:3], start : start + 6] = 1
    return music


@torch.inference_mode()
def test_music_in_another_key_has_the_same_vector(tiny_network: Callable[[str], VersionsNet]) -> None:
    """As long as it stays an octave from the ends of the bands; nearer to them, it is at least nearer than others."""
    network, music = tiny_network("folded"), chords(range(24, 60))
    z = network(music)
    apart = torch.cdist(z, z)[~torch.eye(8, dtype=torch.bool)]
    assert apart.min() > 0.1
    for semitones in (-12, -3, 1, 5, 12):
        assert_allclose(network(music.roll(semitones, 1)), z, atol=1e-4)
    assert (network(music.roll(-20, 1)) - z).norm(dim=1).mean() < apart.mean() / 2
