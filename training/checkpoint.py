"""Checkpoint files: tensors and a JSON document in one safetensors file with a digest.

Written atomically, read without running code.

One file, so that no crash can leave tensors of one step beside the document of another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..errors import Damaged, NotFound
from ..schemas.read_json import read_json
from ..store.files import write_atomic

Arrays = Mapping[str, NDArray[Any]]

FORMAT = "echodex.checkpoint"
VERSION = 1
SUFFIX = ".safetensors"


def write_checkpoint(path: Path, arrays: Arrays, document: Mapping[str, Any]) -> None:
    """Write named arrays and a JSON-able document as one file; raises StorageError.

    The same content gives the same bytes: all that is ours stands under one key of the safetensors header, whose keys
    come in no fixed order.
    """
    text = json.dumps(document, sort_keys=True)
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    about = {"version": VERSION, "document": text, "digest": _digest(whole, text)}
    write_atomic(path, save(whole, metadata={FORMAT: json.dumps(about)}))


def is_checkpoint(path: Path) -> bool:
    """Return whether a file says of itself that `write_checkpoint` wrote it."""
    if path.suffix != SUFFIX or not path.is_file():
        return False
    try:
        with safe_open(path, framework="numpy") as file:
            return FORMAT in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def read_checkpoint(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the document of a checkpoint.

    Raises NotFound where there is no file, Damaged where it is no checkpoint of ours, of a newer version, or altered by
    one bit.
    """
    if not path.is_file():
        raise NotFound(f"checkpoint {path} does not exist")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
        about = read_json(header[FORMAT])
        version, text, digest = int(about["version"]), str(about["document"]), about["digest"]
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise Damaged(f"{path} cannot be read as a checkpoint of echodex ({error!r}); train the run again") from error
    if version > VERSION:
        raise Damaged(
            f"checkpoint {path} is of version {version}, this echodex reads up to {VERSION}; install a newer one"
        )
    if digest != _digest(arrays, text):
        raise Damaged(f"checkpoint {path} is not what was written; restore it, or train the run again")
    return arrays, read_json(text)


def _digest(arrays: Arrays, text: str) -> str:
    state = hashlib.blake2b(text.encode(), digest_size=16)
    for name, array in sorted(arrays.items()):
        state.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
