from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from echodex.encoders.autoencoder import Autoencoder, AutoEncoderModel
from echodex.encoders.autoencoder.network import autoencoder
from echodex.encoders.base import RowEncoder, digest
from echodex.encoders.registry import build
from echodex.encoders.resolve import resolve
from echodex.encoders.timbre import Timbre
from echodex.errors import BadInput

SIZES = (6, 12, 8, 3)


def model(seed: int = 0, *, corrected: bool = False) -> AutoEncoderModel:
    torch.manual_seed(seed)
    return AutoEncoderModel(autoencoder(SIZES, corrected=corrected))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "epoch=1-step=2.ckpt"
    torch.save({"epoch": 1, "state_dict": model().state_dict()}, path)
    return path


def test_a_published_checkpoint_embeds_rows(checkpoint: Path) -> None:
    encoder = resolve("autoencoder", {"source": "features"}, str(checkpoint))
    assert isinstance(encoder, RowEncoder)
    assert (encoder.source, encoder.dim) == ("features", 3)
    rows = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    net = model().autoencoder.encoder.eval()
    with torch.inference_mode():
        expected = net(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(encoder.encode_rows(rows), expected, atol=1e-6)


def test_the_bits_of_a_row_do_not_depend_on_its_neighbours(checkpoint: Path) -> None:
    encoder = Autoencoder.build({}, Autoencoder.read_weights(checkpoint))
    rows = np.random.default_rng(0).normal(size=(600, 6)).astype(np.float32)
    whole = encoder.encode_rows(rows)
    for first, last in ((0, 1), (3, 260), (255, 257), (590, 600)):
        np.testing.assert_array_equal(encoder.encode_rows(rows[first:last]), whole[first:last])
    assert encoder.encode_rows(rows[:0]).shape == (0, 3)


@pytest.mark.parametrize("corrected", [False, True])
def test_configuration_and_weights_make_it_again(corrected: bool) -> None:
    state = model(corrected=corrected).autoencoder.encoder.state_dict()
    encoder = build("autoencoder", {}, {name: tensor.numpy() for name, tensor in state.items()})
    again = build("autoencoder", {"source": "datacos"}, encoder.weights())
    assert digest(again) == digest(encoder) != digest(build("autoencoder", {"source": "x"}, encoder.weights()))


def test_it_hears_nothing(checkpoint: Path) -> None:
    encoder = Autoencoder.build({}, Autoencoder.read_weights(checkpoint))
    with pytest.raises(BadInput, match="reads vectors of 'datacos'"):
        encoder.encode([np.zeros(8, np.float32)])
    with pytest.raises(BadInput, match="vectors of length 6, not 5"):
        encoder.encode_rows(np.zeros((2, 5), np.float32))


def test_an_encoder_of_audio_reads_no_rows() -> None:
    assert not isinstance(Timbre, RowEncoder)


def test_without_weights_it_says_what_it_needs() -> None:
    with pytest.raises(BadInput, match="needs trained weights"):
        build("autoencoder")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("encoder.1.lin.0.bias"), r"lacks 'encoder.1.lin.0.bias'"),
        (lambda state: state.pop("encoder.0.lin.1.weight"), r"other network"),
        (lambda state: state.update(odd=state["encoder.0.lin.0.bias"]), r"it has 'odd'"),
        (lambda state: state.update({"encoder.2.lin.1.weight": np.zeros((9, 8), np.float32)}), r"must narrow"),
        (lambda state: state.clear(), r"lacks 'encoder.0.lin.1.weight'"),
    ],
)
def test_weights_of_another_network_are_refused(change: object, said: str) -> None:
    state = {name: tensor.numpy() for name, tensor in model().autoencoder.encoder.state_dict().items()}
    change(state)  # type: ignore[operator]
    with pytest.raises(BadInput, match=said):
        build("autoencoder", {}, state)


def test_another_version_is_refused(checkpoint: Path) -> None:
    with pytest.raises(BadInput, match="version 1"):
        Autoencoder.build({"version": 2}, Autoencoder.read_weights(checkpoint))
