"""The head of a probe: one or two linear layers on the vectors of a space.

NumPy only, so that evaluation starts without PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput, Damaged
from ..schemas.vector import Float32
from .checkpoint import read_checkpoint, write_checkpoint

LINEAR = ("0.weight", "0.bias")
MLP = (*LINEAR, "2.weight", "2.bias")
"""State names as CLMR publishes them: `Sequential(Linear)` or `Sequential(Linear, ReLU, Linear)`."""


@dataclass(frozen=True)
class Head:
    """Weights that turn vectors into one logit per class.

    weights: float32 arrays under the names of LINEAR or MLP; classes: c names in the order of the outputs;
    multi_label: sigmoid per class instead of softmax over them; unit: it was taught on vectors of unit length.
    """

    weights: Mapping[str, Float32]
    classes: tuple[str, ...]
    multi_label: bool
    unit: bool = True

    def __post_init__(self) -> None:
        names = tuple(sorted(self.weights))
        if names not in (tuple(sorted(LINEAR)), tuple(sorted(MLP))):
            raise BadInput(f"a head has the weights {', '.join(LINEAR)} or {', '.join(MLP)}, not {', '.join(names)}")
        sizes = [self.weights[name].shape for name in (LINEAR if len(names) == len(LINEAR) else MLP)]
        if not _is_chain(sizes):
            raise BadInput(
                f"the layers of the head do not fit each other: their shapes are {', '.join(map(str, sizes))}"
            )
        if sizes[-1] != (len(self.classes),):
            raise BadInput(f"the head has {sizes[-1][0]} outputs for {len(self.classes)} classes")

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return int(self.weights["0.weight"].shape[1])

    def logits(self, vectors: Float32) -> Float32:
        """Return float32[n, c] for float32[n, dim]; with `unit`, rows are brought to unit length first."""
        if vectors.shape[1] != self.dim:
            raise BadInput(
                f"the head takes vectors of length {self.dim}, not {vectors.shape[1]}: train one on this space"
            )
        hidden = _unit(vectors) if self.unit else vectors
        hidden = hidden @ self.weights["0.weight"].T + self.weights["0.bias"]
        if "2.weight" in self.weights:
            hidden = np.maximum(hidden, 0) @ self.weights["2.weight"].T + self.weights["2.bias"]
        return hidden

    def probabilities(self, vectors: Float32) -> Float32:
        """Return float32[n, c]: each class on its own (multi-label), or rows that sum to 1."""
        from scipy.special import expit, softmax

        logits = self.logits(vectors)
        return np.asarray(expit(logits) if self.multi_label else softmax(logits, axis=1), dtype=np.float32)


def save_head(path: Path, head: Head) -> None:
    """Write a head as a checkpoint, atomically."""
    about = {"classes": list(head.classes), "multi_label": head.multi_label, "unit": head.unit}
    write_checkpoint(path, head.weights, {"head": about})


def load_head(path: Path) -> Head:
    """Return the head that `save_head` wrote; raises NotFound or Damaged."""
    weights, document = read_checkpoint(path)
    try:
        about = document["head"]
        return Head(weights, tuple(about["classes"]), bool(about["multi_label"]), bool(about["unit"]))
    except (KeyError, TypeError, BadInput) as error:
        raise Damaged(f"checkpoint {path} does not hold a head ({error})") from error


def folded(weights: Mapping[str, Float32], mean: Float32, scale: Float32) -> dict[str, Float32]:
    """Return weights that give on raw vectors what `weights` give on (vectors - mean) / scale.

    So a probe's standardisation becomes part of its first layer, and the head keeps its published shape.
    """
    first = weights["0.weight"].astype(np.float64) / scale
    bias = weights["0.bias"] - first @ mean.astype(np.float64)
    return {**weights, "0.weight": first.astype(np.float32), "0.bias": bias.astype(np.float32)}


def _is_chain(shapes: list[tuple[int, ...]]) -> bool:
    """Whether shapes of weight, bias, weight, bias... are (b, a), (b), (c, b), (c)..."""
    layers = list(zip(shapes[::2], shapes[1::2], strict=True))
    fits = all(len(weight) == 2 and bias == weight[:1] for weight, bias in layers)
    return fits and all(upper[0][1] == lower[0][0] for lower, upper in pairwise(layers))


def _unit(vectors: Float32) -> Float32:
    norms: Any = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)
