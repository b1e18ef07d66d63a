"""Checkpoints of other programs: read whole or not at all, each array the right way round."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from safetensors.numpy import save_file

from echodex.encoders.base import digest
from echodex.encoders.fingerprint.config import PRESETS, FingerprintConfig
from echodex.encoders.fingerprint.convert import from_tensorflow
from echodex.encoders.fingerprint.encoder import Fingerprint
from echodex.encoders.fingerprint.network import FingerprintNet, state_shapes
from echodex.encoders.registry import build
from echodex.encoders.resolve import resolve
from echodex.errors import BadInput, NotFound, Unavailable

Arrays = dict[str, NDArray[Any]]

# The published network, made thin and short so that tests are quick: three blocks, 8 bands, dim 4.
THIN = replace(PRESETS["nafp"], n_mels=8, channels="4,6,8", time_strides="2,2,8", dim=4, slice_units=5)
SETTINGS: dict[str, Any] = {
    "preset": "nafp", "n_mels": 8, "channels": "4,6,8", "time_strides": "2,2,8", "dim": 4, "slice_units": 5
}  # fmt: skip


def thin(config: FingerprintConfig = THIN, seed: int = 0) -> Arrays:
    random = np.random.default_rng(seed)
    return {name: np.array(random.uniform(0.1, 1, shape), np.float32) for name, shape in state_shapes(config).items()}


def save(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def test_every_form_of_a_file_makes_one_encoder(tmp_path: Path) -> None:
    state = tensors(thin())
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    written = [
        save(state, tmp_path / "model.pt"),
        save(
            {"epoch": 3, "model": state, "optimizer": optimizer.state_dict(), "scaler": {"scale": 65536.0}},
            tmp_path / "checkpoint3.ckpt",
        ),
        save({f"module.{name}": tensor for name, tensor in state.items()}, tmp_path / "parallel.pt"),
        tmp_path / "bare.safetensors",
    ]
    save_file(thin(), written[-1])
    wanted = digest(build("fingerprint", SETTINGS, thin()))
    for path in written:
        assert digest(resolve("fingerprint", SETTINGS, str(path))) == wanted, path.name


def test_pfanns_default_checkpoint_needs_no_settings(tmp_path: Path, pfann_weights: Arrays) -> None:
    found = resolve("fingerprint", {}, str(save(tensors(pfann_weights), tmp_path / "model.pt")))
    assert found.config == PRESETS["pfann"]
    assert_array_equal(found.weights()["g.linear1.weight"], pfann_weights["g.linear1.weight"])


def without(name: str) -> Callable[[Arrays], Arrays]:
    return lambda state: {key: array for key, array in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("f.convs.1.ln2.bias"), r"lacks 'f\.convs\.1\.ln2\.bias', so it is partial"),
        (without("f.convs.0.conv1.weight"), r"model\.pt lacks 'f\.convs\.0\.conv1\.weight'"),
        (without("g.linear2.weight"), r"lacks 'g\.linear2\.weight'"),
        (lambda state: {**state, "g.linear3.weight": np.ones((2, 2), np.float32)}, r"it has 'g\.linear3\.weight'"),
        (lambda state: {**state, "odd": np.ones(2, np.float32)}, "it has 'odd'"),
        (
            lambda state: {**state, "f.convs.1.conv2.weight": state["f.convs.1.conv2.weight"][:, :1]},
            r"'f\.convs\.1\.conv2\.weight' has shape \(6, 1, 3, 1\), not \(6, 6, 3, 1\)",
        ),
        (lambda state: {**state, "g.linear1.bias": state["g.linear1.bias"] * np.nan}, "are not finite"),
    ],
)
def test_wrong_and_partial_files_are_refused_by_name(
    change: Callable[[Arrays], Arrays], said: str, tmp_path: Path
) -> None:
    path = save(tensors(change(thin())), tmp_path / "model.pt")
    with pytest.raises(BadInput, match=said):
        resolve("fingerprint", SETTINGS, str(path))


@pytest.mark.parametrize("preset", ["small", "nafp"])
def test_a_checkpoint_of_another_preset_is_refused(preset: str, tmp_path: Path, pfann_weights: Arrays) -> None:
    path = save(tensors(pfann_weights), tmp_path / "model.pt")
    with pytest.raises(BadInput, match="the state of 'fingerprint' is of another network"):
        resolve("fingerprint", {"preset": preset}, str(path))


def test_an_optimiser_alone_is_no_checkpoint(tmp_path: Path) -> None:
    path = save({"epoch": 1, "optimizer": {"state": {}}}, tmp_path / "checkpoint1.ckpt")
    with pytest.raises(BadInput, match="holds no named tensors"):
        Fingerprint.read_weights(path)


def tensorflow_layout(state: Arrays, config: FingerprintConfig) -> Arrays:
    """The same arrays as the published TensorFlow program names and lays them out, with what else is in its files."""
    found: Arrays = {"save_counter/.ATTRIBUTES/VARIABLE_VALUE": np.int64(3)}  # type: ignore[dict-item]
    for i in range(len(config.widths)):
        for ours, kernel, norm in (("1", "conv2d_1x3", "BN_1x3"), ("2", "conv2d_3x1", "BN_3x1")):
            here, there = f"f.convs.{i}.", f"model/front_conv/layer_with_weights-{i}/"
            found[f"{there}{kernel}/kernel"] = state[f"{here}conv{ours}.weight"].transpose(2, 3, 1, 0)
            found[f"{there}{kernel}/bias"] = state[f"{here}conv{ours}.bias"]
            for part, keras in (("weight", "gamma"), ("bias", "beta")):
                array = state[f"{here}ln{ours}.{part}"]
                found[f"{there}{norm}/{keras}"] = array.transpose(1, 2, 0) if array.ndim == 3 else array
            if config.norm == "batch":
                found[f"{there}{norm}/moving_mean"] = state[f"{here}ln{ours}.running_mean"]
                found[f"{there}{norm}/moving_variance"] = state[f"{here}ln{ours}.running_var"]
    units = config.slice_units
    for q in range(config.dim):
        there = f"model/div_enc/split_fc_layers/{q}/layer_with_weights-"
        found[f"{there}0/kernel"] = state["g.linear1.weight"][units * q : units * (q + 1), :, 0].T
        found[f"{there}0/bias"] = state["g.linear1.bias"][units * q : units * (q + 1)]
        found[f"{there}1/kernel"] = state["g.linear2.weight"][q : q + 1, :, 0].T
        found[f"{there}1/bias"] = state["g.linear2.bias"][q : q + 1]
    found["model/div_enc/split_fc_layers/0/layer_with_weights-0/kernel/.OPTIMIZER_SLOT/optimizer/m"] = np.ones(3)
    found["optimizer/learning_rate"] = np.ones(1)
    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    return {name if name.endswith(suffix) else name + suffix: array for name, array in found.items()}


@pytest.mark.parametrize("norm", ["layer2d", "layer1d", "batch"])
def test_arrays_laid_out_as_tensorflow_has_them_come_back(norm: str) -> None:
    config = replace(THIN, norm=norm)
    state = {name: array for name, array in thin(config).items() if not name.endswith("num_batches_tracked")}
    found = from_tensorflow(tensorflow_layout(state, config))
    assert found.keys() == state.keys()
    for name, array in found.items():
        assert array.flags.c_contiguous
        assert_array_equal(array, state[name], err_msg=name)
    assert build("fingerprint", {**SETTINGS, "norm": norm}, found).config == config


def test_of_a_whole_published_network_nothing_is_left_over() -> None:
    config = PRESETS["nafp"]
    state: Arrays = {name: np.zeros(shape, np.float32) for name, shape in state_shapes(config).items()}
    found = from_tensorflow(tensorflow_layout(state, config))
    assert {name: array.shape for name, array in found.items()} == state_shapes(config)


@torch.inference_mode()
def test_each_slice_is_divided_and_encoded_as_in_tensorflow() -> None:
    arrays = tensorflow_layout(thin(), THIN)
    network = FingerprintNet(THIN).eval()
    network.load_state_dict(tensors(dict(from_tensorflow(arrays))))
    h = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)
    columns = []
    for q in range(4):
        first, second = (f"model/div_enc/split_fc_layers/{q}/layer_with_weights-{layer}" for layer in (0, 1))
        kernels = [
            (arrays[f"{way}/kernel/.ATTRIBUTES/VARIABLE_VALUE"], arrays[f"{way}/bias/.ATTRIBUTES/VARIABLE_VALUE"])
            for way in (first, second)
        ]
        x = h.reshape(3, 4, 2)[:, q] @ kernels[0][0] + kernels[0][1]
        columns.append(np.where(x > 0, x, np.expm1(np.minimum(x, 0))) @ kernels[1][0] + kernels[1][1])
    assert_allclose(network.g(torch.from_numpy(h)), np.concatenate(columns, 1), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model/front_conv/layer_with_weights-0/conv2d_1x3/scale", "it has 'model/front_conv/layer_with_weights-0"),
        ("model/head/kernel", "it has 'model/head/kernel"),
    ],
)
def test_variables_of_another_network_are_refused(name: str, said: str) -> None:
    arrays = tensorflow_layout(thin(), THIN) | {f"{name}/.ATTRIBUTES/VARIABLE_VALUE": np.ones(4)}
    with pytest.raises(BadInput, match=f"of another network: {said}"):
        from_tensorflow(arrays)


def test_a_kernel_with_axes_too_many_is_refused() -> None:
    name = "model/front_conv/layer_with_weights-0/conv2d_1x3/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    with pytest.raises(BadInput, match="has 5 axes"):
        from_tensorflow(tensorflow_layout(thin(), THIN) | {name: np.ones((1, 3, 1, 4, 1))})


def test_a_slice_that_is_missing_or_odd_is_refused() -> None:
    name = "model/div_enc/split_fc_layers/1/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    arrays = tensorflow_layout(thin(), THIN)
    with pytest.raises(BadInput, match="has slices of different shapes"):
        from_tensorflow(arrays | {name: np.ones((2, 4))})
    del arrays[name]
    with pytest.raises(BadInput, match=r"lacks slice 1 of 'g\.linear1\.weight'"):
        from_tensorflow(arrays)


def test_layers_that_are_missing_show_when_the_encoder_is_built() -> None:
    arrays = {name: array for name, array in tensorflow_layout(thin(), THIN).items() if "weights-2/BN_3x1" not in name}
    with pytest.raises(BadInput, match=r"lacks 'f\.convs\.2\.ln2\.weight'"):
        build("fingerprint", SETTINGS, from_tensorflow(arrays))
    with pytest.raises(BadInput, match="lacks"):
        build("fingerprint", SETTINGS, from_tensorflow({}))


def test_a_tensorflow_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"ckpt-100\.index does not exist"):
        Fingerprint.read_weights(tmp_path / "ckpt-100.index")


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is not None, reason="tensorflow is installed")
def test_without_tensorflow_one_sentence_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ckpt-100.index"
    path.write_bytes(b"")
    for named in (path, path.with_suffix("")):  # as TensorFlow names a checkpoint
        with pytest.raises(Unavailable, match=r"ckpt-100\.index needs tensorflow, which is not installed"):
            resolve("fingerprint", {"preset": "nafp"}, str(named))
