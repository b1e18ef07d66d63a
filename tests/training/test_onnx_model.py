"""What onnxruntime makes of the models that are written here, against the encoder and the head themselves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest

from echodex.encoders.clmr import Clmr, ClmrConfig
from echodex.encoders.samplecnn import WINDOW, state_shapes
from echodex.schemas.vector import Float32
from echodex.training.head import Head
from echodex.training.onnx_model import onnx_model

pytest.importorskip("onnx", reason="ONNX export is an extra: pip install 'echodex[onnx]'")
ort = pytest.importorskip("onnxruntime", reason="what is exported is checked against onnxruntime: echodex[onnx]")

AUDIO = (0.5 * np.sin(0.05 * np.arange(WINDOW))).astype(np.float32)


def fill(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Kernels cos(0.7 i) sqrt(2 / fan_in), gains 1 + 0.1 cos(i), biases 0.1 sin(i): weights anyone can make again."""
    arrays = {}
    for name, shape in shapes.items():
        i = np.arange(np.prod(shape, dtype=int))
        if name.endswith("num_batches_tracked"):
            arrays[name] = np.zeros(shape, np.int64)
            continue
        values = 0.0 * i + name.endswith("running_var")
        if len(shape) >= 2:
            values = np.cos(0.7 * i) * np.sqrt(2 / np.prod(shape[1:]))
        elif not name.endswith(("running_var", "running_mean")):
            values = 1 + 0.1 * np.cos(i) if name.endswith("weight") else 0.1 * np.sin(i)
        arrays[name] = values.reshape(shape).astype(np.float32)
    return arrays


def heard(model: bytes, audio: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"audio": audio[None, None]})[0])


def a_head(dim: int, hidden: int, *, unit: bool) -> Head:
    random = np.random.default_rng(0)
    sizes = [dim, hidden, 3] if hidden else [dim, 3]
    weights = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights[f"{2 * layer}.weight"] = random.standard_normal((outputs, inputs)).astype(np.float32)
        weights[f"{2 * layer}.bias"] = random.standard_normal(outputs).astype(np.float32)
    return Head(weights, ("a", "b", "c"), True, unit)


def test_the_golden_representation() -> None:
    h = heard(onnx_model(fill(state_shapes()), WINDOW, None, {}), AUDIO)
    assert h.shape == (1, 512)
    np.testing.assert_allclose(h[0, :6], [0, 0.175543, 0.186443, 0.035754, 0, 0], atol=2e-6)
    assert h.sum() == pytest.approx(32.77913, abs=1e-4)


@pytest.mark.parametrize("width", [1.0, 0.25])
def test_as_the_encoder_hears_it(width: float) -> None:
    random = np.random.default_rng(1)
    weights = fill(state_shapes(width))
    for name in weights:
        if name.endswith("running_mean"):
            weights[name] = random.standard_normal(weights[name].shape).astype(np.float32) / 10
        if name.endswith("running_var"):
            weights[name] = random.uniform(0.5, 2, weights[name].shape).astype(np.float32)
    audio: Float32 = (random.standard_normal(WINDOW) / 4).astype(np.float32)
    encoder = Clmr(ClmrConfig(width=width) if width != 1 else ClmrConfig(), weights, device="cpu")
    [segments] = encoder.encode([audio])
    h = heard(onnx_model(weights, WINDOW, None, {}), audio)
    assert h.shape == (1, encoder.dim)
    np.testing.assert_allclose(h, segments.vectors, atol=1e-5)


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("hidden", [0, 16])
def test_logits_as_the_head_gives_them(hidden: int, unit: bool) -> None:
    weights = fill(state_shapes(0.25))
    head = a_head(128, hidden, unit=unit)
    h = heard(onnx_model(weights, WINDOW, None, {}), AUDIO)
    logits = heard(onnx_model(weights, WINDOW, head, {}), AUDIO)
    np.testing.assert_allclose(logits, head.logits(h), atol=1e-4)


def test_silence_has_no_direction() -> None:
    """An encoder that gives zeros: a head taught on unit vectors gives its bias, as `Head` does, and no NaN."""
    weights = {name: np.zeros(shape, np.float32) for name, shape in state_shapes(0.25).items()}
    weights |= {name: np.ones(shape, np.float32) for name, shape in state_shapes(0.25).items() if "running_var" in name}
    head = a_head(128, 0, unit=True)
    np.testing.assert_allclose(
        heard(onnx_model(weights, WINDOW, head, {}), AUDIO)[0], head.weights["0.bias"], atol=1e-6
    )


def test_names_shapes_and_metadata() -> None:
    model = onnx_model(fill(state_shapes(0.25)), WINDOW, a_head(128, 0, unit=False), {"classes": '["a"]'})
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert [(put.name, put.shape) for put in session.get_inputs()] == [("audio", [1, 1, WINDOW])]
    assert [(put.name, put.shape) for put in session.get_outputs()] == [("logits", [1, 3])]
    assert session.get_modelmeta().custom_metadata_map == {"classes": '["a"]'}
    assert model == onnx_model(fill(state_shapes(0.25)), WINDOW, a_head(128, 0, unit=False), {"classes": '["a"]'})
