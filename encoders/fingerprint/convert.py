"""Checkpoints of the published TensorFlow program as weights under pfann's names.

That program calls a variable after the way to it from the checkpoint's root, `model/front_conv/layer_with_weights-0/
conv2d_1x3/kernel`. Its arrays lie channels last: a kernel is [height, width, inputs, outputs], the gain of a layer norm
[bands, frames, channels], and each slice of divide-and-encode has layers of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, NotFound, Unavailable
from ..base import Weights

_ROOT = "model/"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_LAYER = r"layer(?:_with_weights)?-(\d+)"
_CONVOLUTION = re.compile(rf"front_conv/{_LAYER}/(conv2d|BN)_(1x3|3x1)/(\w+)")
_SLICE = re.compile(rf"div_enc/split_fc_layers/(\d+)/{_LAYER}/(kernel|bias)")

_PARTS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}

_AXES = {4: (3, 2, 0, 1), 3: (2, 0, 1), 1: (0,)}
"""Which axis goes where, by how many there are: of kernels, of layer norms over all three axes, of all others."""


def read_tensorflow(path: Path) -> Weights:
    """Return the weights in a TensorFlow checkpoint, of which `path` is the `.index` file.

    Raises NotFound, Unavailable where tensorflow is not installed, and BadInput for what is no such checkpoint.
    """
    if not path.is_file():
        raise NotFound(f"checkpoint {path} does not exist")
    try:
        import tensorflow as tf
    except ImportError as error:
        raise Unavailable(
            f"reading the TensorFlow checkpoint {path} needs tensorflow, which is not installed: `pip install "
            "tensorflow`, or convert it elsewhere"
        ) from error
    try:
        reader = tf.train.load_checkpoint(str(path.with_suffix("")))
        arrays = {name: np.asarray(reader.get_tensor(name)) for name in _wanted(reader.get_variable_to_shape_map())}
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise BadInput(f"checkpoint {path} cannot be read by tensorflow: {str(error)[:200]!r}") from error
    return from_tensorflow(arrays)


def _wanted(names: Mapping[str, object]) -> list[str]:
    return [name for name in names if name.startswith(_ROOT) and ".OPTIMIZER_SLOT" not in name]


def from_tensorflow(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Return the weights under pfann's names of the published program's variables by their names in a checkpoint.

    What is not the model's (an optimiser's, counters) is left out. Raises BadInput for a variable of the model that is
    none of this network, for an axis too many, and for slices that are missing or unequal.
    """
    weights: dict[str, NDArray[np.float32]] = {}
    slices: dict[str, dict[int, NDArray[Any]]] = {}
    for full in _wanted(arrays):
        name, array = full.removeprefix(_ROOT).removesuffix(_VALUE), arrays[full]
        if found := _CONVOLUTION.fullmatch(name):
            weights[_layer_name(found, full)] = _channels_first(array, full)
        elif found := _SLICE.fullmatch(name):
            index, layer, part = found.groups()
            slices.setdefault(f"g.linear{int(layer) + 1}.{_PARTS[part]}", {})[int(index)] = array
        else:
            raise BadInput(f"the TensorFlow checkpoint is of another network: it has {full!r}")
    return weights | {name: _stacked(name, parts) for name, parts in slices.items()}


def _layer_name(found: re.Match[str], full: str) -> str:
    block, kind, direction, part = found.groups()
    if part not in _PARTS:
        raise BadInput(f"the TensorFlow checkpoint is of another network: it has {full!r}")
    return f"f.convs.{block}.{'conv' if kind == 'conv2d' else 'ln'}{1 if direction == '1x3' else 2}.{_PARTS[part]}"


def _channels_first(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    if array.ndim not in _AXES:
        raise BadInput(f"the TensorFlow checkpoint is of another network: {name!r} has {array.ndim} axes")
    return np.ascontiguousarray(array.transpose(_AXES[array.ndim]), np.float32)


def _stacked(name: str, parts: Mapping[int, NDArray[Any]]) -> NDArray[np.float32]:
    """Return the kernels [inputs, outputs] of all slices as one grouped convolution's, or their biases end to end."""
    missing = set(range(max(parts) + 1)) - parts.keys()
    if missing or len({array.shape for array in parts.values()}) > 1:
        which = f"lacks slice {min(missing)}" if missing else "has slices of different shapes"
        raise BadInput(
            f"the TensorFlow checkpoint {which} of {name!r}, so it is partial or damaged; nothing was loaded"
        )
    stacked = np.concatenate([parts[index].T for index in range(len(parts))]).astype(np.float32)
    return stacked[:, :, None] if stacked.ndim == 2 else stacked
