from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from echodex.encoders.autoencoder import AutoEncoder, AutoEncoderModel, Decoder, Encoder
from echodex.encoders.autoencoder.network import SIZES, autoencoder
from echodex.errors import UsageError

KEYS = {
    f"autoencoder.{half}.{half}.{layer}.lin.{part}.{kind}"
    for half in ("encoder", "decoder")
    for layer in range(5)
    for part in (0, 1)
    for kind in ("weight", "bias")
}


def numpy_half(state: Mapping[str, torch.Tensor], half: str, x: np.ndarray) -> np.ndarray:
    """The published half as its page describes it: LayerNorm, Linear, ReLU, five times."""
    x = x.astype(np.float64)
    for layer in range(5):
        gain, offset, weight, bias = (
            state[f"autoencoder.{half}.{half}.{layer}.lin.{name}"].numpy().astype(np.float64)
            for name in ("0.weight", "0.bias", "1.weight", "1.bias")
        )
        centred = x - x.mean(axis=1, keepdims=True)
        x = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) * gain + offset
        x = np.maximum(x @ weight.T + bias, 0)
    return x


@pytest.fixture
def published() -> AutoEncoderModel:
    torch.manual_seed(0)
    sizes = [52, 300, 200, 100, 50, 20]
    return AutoEncoderModel(AutoEncoder(encoder=Encoder(sizes), decoder=Decoder(sizes[::-1])), lr=1e-4)


def test_the_published_form_has_the_published_names_and_count(published: AutoEncoderModel) -> None:
    state = published.state_dict()
    assert state.keys() == KEYS
    halves = [
        sum(tensor.numel() for name, tensor in state.items() if f".{half}." in name) for half in ("encoder", "decoder")
    ]
    assert halves == [103_674, 103_642]
    assert sum(halves) == 207_316


def test_it_computes_what_the_published_page_says(published: AutoEncoderModel) -> None:
    rows = np.random.default_rng(0).normal(50, 40, (7, 52)).astype(np.float32)
    published.eval()
    with torch.inference_mode():
        embedded = published.autoencoder.encoder(torch.from_numpy(rows)).numpy()
        whole = published.autoencoder(torch.from_numpy(rows)).numpy()
    state = published.state_dict()
    np.testing.assert_allclose(embedded, numpy_half(state, "encoder", rows), atol=1e-5)
    np.testing.assert_allclose(whole, numpy_half(state, "decoder", embedded), atol=1e-5)
    assert embedded.min() >= 0


def test_the_distance_is_the_mean_euclidean_one(published: AutoEncoderModel) -> None:
    random = np.random.default_rng(1)
    a, b = random.normal(size=(1, 52)).astype(np.float32), random.normal(size=(5, 52)).astype(np.float32)
    one, others = (numpy_half(published.state_dict(), "encoder", x) for x in (a, b))
    expected = np.mean([np.sqrt(((one[0] - other) ** 2).sum()) for other in others])
    published.train()  # dropout must not have a say
    assert published.get_distance(a, b) == pytest.approx(expected, rel=1e-5)


def test_a_published_checkpoint_is_taken(published: AutoEncoderModel, tmp_path: Path) -> None:
    """As Lightning writes it and as the published page reads it."""
    content = {"epoch": 328, "global_step": 6580, "pytorch-lightning_version": "2.5.0"}
    torch.save({**content, "state_dict": published.state_dict()}, tmp_path / "epoch=328-step=6580.ckpt")
    other = AutoEncoderModel(autoencoder=autoencoder(SIZES))
    other.load_state_dict(torch.load(tmp_path / "epoch=328-step=6580.ckpt", weights_only=True)["state_dict"])
    a, b = np.ones((1, 52), np.float32), np.eye(52, dtype=np.float32)
    assert other.get_distance(a, b) == published.get_distance(a, b)


def test_the_corrected_form_adds_its_standardisation_and_can_give_negatives() -> None:
    torch.manual_seed(0)
    net = autoencoder(corrected=True).eval()
    assert {f"autoencoder.{name}" for name in net.state_dict()} == KEYS | {
        "autoencoder.encoder.mean",
        "autoencoder.encoder.scale",
    }
    assert sum(parameter.numel() for parameter in net.parameters()) == 207_316
    rows = torch.from_numpy(np.random.default_rng(0).normal(100, 30, (64, 52)).astype(np.float32))
    mean, scale = rows.mean(dim=0), rows.std(dim=0)
    net.encoder.mean.copy_(mean)
    net.encoder.scale.copy_(scale)
    with torch.inference_mode():
        assert net.encoder(rows).min() < 0
        standard = (rows - mean) / scale
        difference = (net(rows) - mean) / scale - standard
        torch.testing.assert_close(net.loss(rows), (difference**2).mean(), rtol=1e-4, atol=0)


@pytest.mark.parametrize("sizes", [[52], [52, 300, 300, 20], [52, 100, 200], [52, 10, 0], []])
def test_an_encoder_must_narrow(sizes: list[int]) -> None:
    with pytest.raises(UsageError, match="must narrow"):
        Encoder(sizes)
    with pytest.raises(UsageError, match="must widen"):
        Decoder(sizes[::-1])


def test_the_first_size_may_be_the_smaller() -> None:
    assert Encoder([5, 40, 3])(torch.zeros(2, 5)).shape == (2, 3)


def test_the_halves_must_fit() -> None:
    with pytest.raises(UsageError, match="from 52 to 20 needs a decoder back, not"):
        AutoEncoder(Encoder([52, 30, 20]), Decoder([10, 30, 52]))
