"""The state of a training that goes on later.

It is made of nested dicts and lists of plain values and tensors, as PyTorch's `state_dict`s are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from ..errors import Damaged
from .checkpoint import read_checkpoint, write_checkpoint


def save_state(path: Path, state: Any) -> None:
    """Write `state` as a checkpoint, atomically.

    Raises TypeError for anything but plain values, dicts, lists, tuples and tensors.
    """
    arrays: dict[str, NDArray[Any]] = {}
    tree = _packed(state, arrays)
    write_checkpoint(path, arrays, {"state": tree})


def load_state(path: Path) -> Any:
    """Return what `save_state` wrote, to the bit; raises NotFound or Damaged."""
    arrays, document = read_checkpoint(path)
    try:
        return _unpacked(document["state"], arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"checkpoint {path} does not hold the state of a training ({error})") from error


def _packed(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return a JSON tree for `value`: a tensor becomes the name of its array, a container says its kind."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, torch.Tensor):
        name = str(len(arrays))
        arrays[name] = value.detach().cpu().numpy().copy()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[_packed(key, arrays), _packed(item, arrays)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_packed(item, arrays) for item in value]}
    raise TypeError(f"a training's state cannot hold a {type(value).__name__}")


def _unpacked(tree: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return torch.from_numpy(arrays[content])
    if kind == "dict":
        return {_unpacked(key, arrays): _unpacked(item, arrays) for key, item in content}
    items = [_unpacked(item, arrays) for item in content]
    return tuple(items) if kind == "tuple" else items
