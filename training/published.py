"""Heads as CLMR publishes them: a torch file of `{"0.weight", "0.bias"}`, or a Lightning checkpoint of the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..encoders.checkpoint import read_tensors, to_array
from ..errors import BadInput
from ..schemas.vector import Float32
from .head import MLP, Head

_PREFIX = "model."
"""What precedes the names of the head in a Lightning checkpoint."""


def load_published_head(path: Path, classes: Sequence[str] | None, *, multi_label: bool = True) -> Head:
    """Return the head in a published checkpoint; no code in the file runs.

    classes: the names of its outputs, in order, which the file does not say (MagnaTagATune's 50 tags for the released
    ones); None to call them by their numbers. Published heads take window vectors as the encoder gives them. Raises
    NotFound, or BadInput where the file holds no head or one of another size.
    """
    weights = _read(path)
    outputs = (weights[max(weights)].shape or (0,))[0]  # of the last layer
    named = tuple(map(str, range(outputs))) if classes is None else tuple(classes)
    try:
        return Head(weights, named, multi_label, unit=False)
    except BadInput as error:
        raise BadInput(f"checkpoint {path} cannot be used: {error}") from error


def _read(path: Path) -> dict[str, Float32]:
    tensors = {name.removeprefix(_PREFIX): tensor for name, tensor in read_tensors(path).items()}
    weights = {name: to_array(tensors[name], name, path) for name in MLP if name in tensors}
    if not weights:
        raise BadInput(f"checkpoint {path} holds no head: it has {next(iter(tensors))!r}, but none of {', '.join(MLP)}")
    return weights
