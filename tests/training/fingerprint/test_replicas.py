from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve

from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.encoders.fingerprint.frontend import LogMel
from echodex.training.fingerprint.config import FingerprintTraining
from echodex.training.fingerprint.pools import Pools, read_pools
from echodex.training.fingerprint.replicas import Shown, replica_chain

Make = Callable[..., FingerprintTraining]
NAMES = ["a:0", "a:1", "b:0"]


def shown(config: FingerprintTraining) -> Shown:
    return Shown(config, read_pools(config), LogMel(config.encoder), torch.device("cpu"))


def pairs(config: FingerprintTraining) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    waveforms = 0.1 * torch.randn(3, 1, 8000 + config.context_samples, generator=generator)
    return waveforms.expand(-1, 1 + config.replicas, -1)


@pytest.mark.parametrize("chain", ["phone", "nafp", "pfann"])
def test_anchors_stay_and_replicas_are_degraded(brief: Make, chain: str) -> None:
    config = brief(chain=chain, context_s=0.25 if chain != "nafp" else 0.0)
    given = pairs(config)
    mels = shown(config)(given, NAMES, 0, masked=False)
    assert mels.shape == (3, 2, 64, 32)
    torch.testing.assert_close(mels[:, 0], LogMel(config.encoder)(given[:, 0, config.context_samples :]))
    assert float((mels[:, 1] - mels[:, 0]).abs().mean()) > 0.05


def test_what_is_drawn_depends_on_seed_epoch_and_name_alone(brief: Make) -> None:
    config = brief(chain="phone", context_s=0.25)
    show, given = shown(config), pairs(config)
    whole = show(given, NAMES, 2, masked=True)
    torch.testing.assert_close(show(given[1:], NAMES[1:], 2, masked=True), whole[1:])
    assert not torch.equal(show(given, NAMES, 3, masked=True)[:, 1], whole[:, 1])


def test_masks_are_over_anchors_and_replicas_and_shared_where_published(brief: Make) -> None:
    config = brief(masks_shared=True)
    given = pairs(config)
    plain, masked = (shown(config)(given, NAMES, 0, masked=masked).flatten(0, 1) for masked in (False, True))
    changed = plain != masked
    assert changed.any(dim=(1, 2)).all()
    assert not masked[changed].any()
    assert (changed == changed[0]).float().mean() > 0.999  # but where a value was 0 already
    own = shown(brief())(given, NAMES, 0, masked=True).flatten(0, 1) != plain
    assert (own != own[0]).flatten(1).any(dim=1).tolist() == [False, *[True] * 5]


def test_pfanns_chain_is_noise_then_a_room_then_a_microphone(brief: Make) -> None:
    """Against scipy: with noise so faint that it is none, and one room and one microphone."""
    generator = torch.Generator().manual_seed(5)
    rooms, microphones = (torch.randn(1, size, generator=generator) for size in (800, 300))
    noise = torch.randn(1, 80_000, generator=generator)
    config = brief(chain="pfann", context_s=0.25, snr_db="200,200")
    waveforms = torch.randn(2, 10_000, generator=generator)
    found = replica_chain(config, Pools(noise, rooms, None, microphones, ""))(
        waveforms.clone(), BatchRng(row_seeds(0, 0, ["a", "b"]))
    )
    expected = fftconvolve(fftconvolve(waveforms, rooms, axes=1), microphones, axes=1)[:, :10_000]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)
    alone = replica_chain(config, Pools(None, None, None, None, ""))(waveforms, BatchRng(row_seeds(0, 0, ["a", "b"])))
    assert torch.equal(alone, waveforms)


@pytest.mark.parametrize("chain", ["phone", "nafp", "pfann"])
def test_a_ratio_of_ones_own(brief: Make, chain: str) -> None:
    """So little noise that its room alone is heard, and so much that it drowns the rest."""
    quiet, loud = (brief(chain=chain, snr_db=ratio) for ratio in ("90,90", "-60,-60"))
    given = pairs(quiet)
    clean, drowned = (shown(config)(given, NAMES, 0, masked=False)[:, 1] for config in (quiet, loud))
    assert float((clean - drowned).abs().mean()) > 0.1


def test_several_replicas_are_degraded_each_by_itself(brief: Make) -> None:
    config = brief(replicas=3, loss="triplet")
    mels = shown(config)(pairs(config), NAMES, 0, masked=False)
    assert mels.shape == (3, 4, 64, 32)
    assert not torch.equal(mels[:, 1], mels[:, 2])
