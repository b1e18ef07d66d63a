"""The network that cannot tell keys apart: what a change of key does to it, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from echodex.encoders.versions.config import PRESETS
from echodex.encoders.versions.folded import Fold, FoldedNet, Spectrum
from echodex.encoders.versions.network import VersionsNet


def random(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def test_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in FoldedNet(PRESETS["small"]).parameters()) == 276_227


@torch.inference_mode()
def test_octaves_are_folded_by_register() -> None:
    x = random(2, 1, 84, 5)
    found = Fold(7)(x)
    assert found.shape == (2, 3, 12, 5)
    assert_allclose(found.sum(1), x.reshape(2, 7, 12, 5).mean(1), atol=1e-6)
    low = torch.zeros(1, 1, 84, 1)
    low[0, 0, 2] = 7
    folded = Fold(7)(low)[0, :, :, 0]
    assert_allclose(folded[:, 2], [1 - 2 / 41.5, 2 / 41.5, 0], atol=1e-6)
    assert folded.sum() == pytest.approx(1)


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
    x = random(2, 3, 12, 40)
    turned = network.blocks(network.norm(network.stem(x.roll(turn, 2))))
    assert_allclose(turned, network.blocks(network.norm(network.stem(x))).roll(turn, 2), atol=1e-5)


@torch.inference_mode()
def test_another_key_is_nearer_than_other_music(tiny_network: Callable[[str], VersionsNet]) -> None:
    """Within the 84 bands: nothing of the music leaves them."""
    network = tiny_network("folded")
    music = torch.zeros(8, 84, 60)
    music[:, 24:60] = random(8, 36, 60).pow(8)
    z = network(music)
    apart = torch.cdist(z, z)[~torch.eye(8, dtype=torch.bool)].min()
    for semitones in (-12, -3, 1, 5, 12):
        moved = (network(music.roll(semitones, 1)) - z).norm(dim=1).max()
        assert moved < 0.5 * apart, semitones
