"""SampleCNN, with or without a head on it, as an ONNX model: written node by node, so that no tracer is needed.

Input and encoder output are named as in the published export: `audio` float32[1, 1, samples] and `representation`. The
initialisers have the names of the published checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..encoders.base import Weights
from ..errors import Unavailable
from ..schemas.vector import Float32
from .head import Head

AUDIO, REPRESENTATION, LOGITS = "audio", "representation", "logits"
OPSET = 17
IR_VERSION = 8
"""Of opset 17: runtimes from 2022 on read it."""

_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
_EPSILON = 1e-5
"""Of PyTorch's batch normalisation."""


def onnx_model(weights: Weights, samples: int, head: Head | None, about: Mapping[str, str]) -> bytes:
    """Return a serialised model that takes `samples` samples and gives h or, with a head, one logit per class.

    weights: of a SampleCNN of any width, under the published state names; about: kept as the model's metadata. Raises
    Unavailable where the package onnx is not installed.
    """
    try:
        import onnx
        from onnx import TensorProto, helper
    except ImportError as error:
        raise Unavailable("ONNX export needs the package onnx; run `pip install 'echodex[onnx]'`") from error
    graph = _Graph()
    graph.encoder(weights)
    if head:
        graph.head(head)
    name, length = (LOGITS, len(head.classes)) if head else (REPRESENTATION, _length(weights))
    inputs = [helper.make_tensor_value_info(AUDIO, TensorProto.FLOAT, [1, 1, samples])]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, length])]
    whole = helper.make_graph(graph.nodes, "clmr", inputs, outputs, graph.initialisers)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(whole, opset_imports=opset, ir_version=IR_VERSION, producer_name="echodex")
    helper.set_model_props(model, dict(about))
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _length(weights: Weights) -> int:
    return len(weights[f"sequential.{_blocks(weights) - 1}.0.bias"])


def _blocks(weights: Weights) -> int:
    return sum(name.startswith("sequential.") and name.endswith(".0.weight") for name in weights)


class _Graph:
    """Nodes one behind the other: each takes what the one before gives."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []
        self._last = AUDIO

    def encoder(self, weights: Weights) -> None:
        """Add the convolutions, and the flattening to h."""
        blocks = _blocks(weights)
        for number in range(blocks):
            block = f"sequential.{number}"
            convolution = [self._keep(f"{block}.0.{part}", weights[f"{block}.0.{part}"]) for part in ("weight", "bias")]
            stride, padding = (3, 0) if number == 0 else (1, 1)
            self._add("Conv", convolution, kernel_shape=[3], strides=[stride], pads=[padding, padding])
            norm = [self._keep(f"{block}.1.{part}", weights[f"{block}.1.{part}"]) for part in _BATCH_NORM]
            self._add("BatchNormalization", norm, epsilon=_EPSILON)
            self._add("Relu")
            if 0 < number < blocks - 1:
                self._add("MaxPool", kernel_shape=[3], strides=[3])
        self._add("Flatten", to=REPRESENTATION, axis=1)

    def head(self, head: Head) -> None:
        """Add the layers of a head, and before them the scaling to unit length where it was taught on unit vectors."""
        if head.unit:
            vector, tiny = self._last, self._keep("tiny", np.full(1, np.finfo(np.float32).tiny))
            self._add("ReduceL2", axes=[1], keepdims=1)
            norm = self._add("Max", [tiny])
            self._last = vector
            self._add("Div", [norm])
        last = max(head.weights, key=lambda name: int(name.partition(".")[0])).partition(".")[0]
        for layer in ("0", "2"):
            if f"{layer}.weight" not in head.weights:
                continue
            parts = [self._keep(f"{layer}.{part}", head.weights[f"{layer}.{part}"]) for part in ("weight", "bias")]
            self._add("Gemm", parts, to=LOGITS if layer == last else None, transB=1)
            if layer != last:
                self._add("Relu")

    def _keep(self, name: str, array: Float32) -> str:
        from onnx import numpy_helper

        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name

    def _add(self, kind: str, more: list[str] | None = None, to: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        name = to or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self._last, *(more or [])], [name], name=name, **attributes))
        self._last = name
        return name
