"""Reading an encoder's weights from a file that a stranger may have made: no code runs, nothing is loaded in part.

Read are torch files (released state dicts, Lightning checkpoints, those with the key `model`), safetensors, and zip
archives that hold one of them.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, NotFound, StorageError

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors", ".zip")
"""How the names of files end that are taken for checkpoints."""

MAX_BYTES = 512 * 2**20
"""Neither a checkpoint nor what it unpacks to may be larger; SampleCNN takes 10 MB, with its optimiser 30 MB."""

Shapes = Mapping[str, tuple[int, ...]]
"""Name -> shape of each array that an encoder needs."""

_PREFIXES = ("model.encoder.", "encoder.", "")
"""What precedes an encoder's names in a Lightning checkpoint, a released file, a plain state dict; the first counts."""

COUNTER = "num_batches_tracked"
"""Counts the steps of training; touches no vector, and files of old torch lack it."""

_FORBIDDEN = re.compile(r"GLOBAL (\S+) (?:was not an allowed global|whose module)")


def read_state(
    path: Path, expected: Shapes | Callable[[Shapes], Shapes], *, head: str | None = "fc."
) -> dict[str, NDArray[Any]]:
    """Return the arrays named in `expected` (float32; counters int64) from the checkpoint file `path`.

    expected: name -> shape, or a function that says so of an encoder of several sizes, given what the file holds.
    What stands beside the encoder (a projector, an optimiser) and the encoder's own `head` (None: it has none) are left
    out. Raises NotFound where there is no file, and BadInput, naming the file and the first missing, odd or misshapen
    key, where it does not fit.
    """
    return pick_state(read_tensors(path), expected, path, head=head)


def pick_state(
    tensors: Mapping[str, Tensor], expected: Shapes | Callable[[Shapes], Shapes], path: Path, *, head: str | None = None
) -> dict[str, NDArray[Any]]:
    """Return of `tensors`, which were read from `path`, what `read_state` says; at least one is needed."""
    if callable(expected):
        expected = expected({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    prefix = _find_prefix(tensors, expected, str(path))
    part = {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix) and (head is None or not name.startswith(prefix + head))
    }
    check_shapes({name: tuple(tensor.shape) for name, tensor in part.items()}, expected, f"checkpoint {path}")
    state: dict[str, NDArray[Any]] = {name: np.zeros(shape, np.int64) for name, shape in expected.items()}
    state |= {name: to_array(tensor, name, path) for name, tensor in part.items()}
    return state


def check_shapes(found: Shapes, expected: Shapes, origin: str) -> None:
    """Raise BadInput, beginning with `origin`, for the first name missing, misshapen or odd; counters may miss."""
    for name, shape in expected.items():
        if name not in found and not name.endswith(COUNTER):
            raise BadInput(f"{origin} lacks {name!r}, so it is partial or of another network; nothing was loaded")
        if found.get(name, shape) != shape:
            raise BadInput(f"{origin} is of another network: {name!r} has shape {found[name]}, not {shape}")
    odd = next((name for name in found if name not in expected), None)
    if odd is not None:
        raise BadInput(f"{origin} is of another network: it has {odd!r}, which is not part of this one")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the named tensors of a checkpoint file, as they lie in it; raise NotFound, StorageError or BadInput."""
    if not path.exists():
        raise NotFound(f"checkpoint {path} does not exist")
    if not path.is_file():
        raise BadInput(f"checkpoint {path} is not a file")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"checkpoint {path} is larger than {MAX_BYTES >> 20} MiB, which no encoder here is")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(f"checkpoint {path} could not be read: {error.strerror}") from error
    tensors = _tensors(data, str(path))
    if not tensors:
        raise BadInput(f"checkpoint {path} holds no named tensors; give the encoder's weights, not its optimiser's")
    return tensors


def _tensors(data: bytes, shown: str, *, nested: bool = False) -> dict[str, Tensor]:
    """Return the named tensors in `data`; its first bytes say the format, whatever the file is called."""
    if not data:
        raise BadInput(f"checkpoint {shown} is empty; copy or download it again")
    if data.startswith(b"PK\x03\x04"):
        return _from_zip(data, shown, nested=nested)
    if data[8:9] == b"{":
        return _from_safetensors(data, shown)
    if data.startswith(b"\x80"):
        return torch_tensors(io.BytesIO(data), shown)
    raise BadInput(f"checkpoint {shown} is neither a torch file nor safetensors nor a zip archive of one")


def _from_safetensors(data: bytes, shown: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise BadInput(f"checkpoint {shown} is not valid safetensors: {str(error)[:200]!r}") from error


def torch_tensors(source: io.BytesIO | Path, shown: str) -> dict[str, Tensor]:
    """Return the named tensors of a torch file, called `shown` in errors; raise BadInput for what could run code.

    Of a path nothing is read before it is used: the tensors are maps of the file, which must stay as it is.
    """
    import torch

    try:
        loaded = load_plain(source, mmap=isinstance(source, Path))
    except Exception as error:  # a crafted or torn file makes torch raise nearly anything
        raise BadInput(_refusal(shown, error)) from error
    state = loaded.get("state_dict", loaded.get("model", loaded)) if isinstance(loaded, dict) else None
    named = state.items() if isinstance(state, dict) else ()
    return {  # detached, which leaves behind any attributes that the file gave to a tensor
        name: torch.Tensor.detach(value)
        for name, value in named
        if isinstance(name, str) and isinstance(value, torch.Tensor)
    }


def load_plain(source: io.BytesIO | Path, *, mmap: bool = False) -> Any:
    """Return what a torch file holds: tensors, plain values, and lists and dictionaries of them.

    Nothing in it is run. Raises nearly anything for what is torn, no torch file, or asks for more.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of old protocols; what it cannot read it refuses
        return torch.load(source, map_location="cpu", weights_only=True, mmap=mmap)


def _refusal(shown: str, error: Exception) -> str:
    """Return the sentence that says why torch could not read a file."""
    forbidden = _FORBIDDEN.search(str(error))
    if forbidden:
        return (
            f"checkpoint {shown} is refused: it asks for {forbidden[1]!r}, which could run code; where you trust it, "
            "save its state_dict alone with torch.save and give that file"
        )
    if type(error).__name__ == "UnpicklingError":
        return f"checkpoint {shown} is refused: it holds more than tensors and plain values; save its state_dict alone"
    return f"checkpoint {shown} is torn or no torch file; copy or download it again"


def _from_zip(data: bytes, shown: str, *, nested: bool) -> dict[str, Tensor]:
    """Read a torch file, itself a zip archive, or the one checkpoint in an archive; nothing is unpacked to disk."""
    with _refusing_torn_zip(shown), zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        size_bytes = sum(entry.file_size for entry in archive.infolist())
    if size_bytes > MAX_BYTES:
        raise BadInput(f"checkpoint {shown} would unpack to more than {MAX_BYTES >> 20} MiB")
    if _is_torch(names):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_intact(archive, shown)
        return torch_tensors(io.BytesIO(data), shown)
    if nested:
        raise BadInput(f"checkpoint {shown} is an archive in an archive; give the inner one")
    member = _only_checkpoint(names, shown)
    with _refusing_torn_zip(shown), zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(member) as file:
        inner = file.read(archive.getinfo(member).file_size)  # no more, whatever it would unpack to
    return _tensors(inner, f"{shown} ({member!r})", nested=True)


@contextlib.contextmanager
def _refusing_torn_zip(shown: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each kind of damage and compression fails in its own way
        raise BadInput(f"checkpoint {shown} is a torn zip archive; copy or download it again") from error


def check_intact(archive: zipfile.ZipFile, shown: str) -> None:
    """Raise BadInput where a part of a torch file has another checksum than when it was written: torch asks for none,
    and a weight that a disk or a download changed would go unseen.
    """
    try:
        damaged = archive.testzip()
    except Exception as error:  # each kind of damage and compression fails in its own way
        raise BadInput(f"checkpoint {shown} is torn; copy or download it again") from error
    if damaged:
        raise BadInput(f"checkpoint {shown} is damaged in {damaged[:80]!r}; copy or download it again")


def _is_torch(names: list[str]) -> bool:
    return any(name.rpartition("/")[2] == "data.pkl" for name in names)


def _only_checkpoint(names: list[str], shown: str) -> str:
    """Return the name of the one checkpoint in an archive; what is called `*_optim` is its optimiser's state."""
    kinds = SUFFIXES[:-1]  # archives do not nest
    paths = {name: PurePosixPath(name) for name in names if not name.startswith("__MACOSX/")}
    wanted = [name for name, path in paths.items() if path.suffix in kinds and not path.stem.endswith("_optim")]
    if len(wanted) != 1:
        listed = ", ".join(map(repr, wanted[:4])) or "none"
        raise BadInput(f"archive {shown} must hold one checkpoint ({', '.join(kinds)}); it holds {listed}")
    return wanted[0]


def _find_prefix(names: Iterable[str], expected: Shapes, shown: str) -> str:
    """Return what stands before the encoder's names in a checkpoint."""
    names = list(names)
    for wanted in expected:
        found = {name.removesuffix(wanted) for name in names if name == wanted or name.endswith("." + wanted)}
        known = next((prefix for prefix in _PREFIXES if prefix in found), None)
        if known is not None or len(found) == 1:
            return known if known is not None else found.pop()
        if found:
            raise BadInput(f"checkpoint {shown} holds several encoders: {', '.join(map(repr, sorted(found)[:4]))}")
    wanted = next(iter(expected))
    raise BadInput(f"checkpoint {shown} holds no such encoder: nothing in it ends in {wanted!r}; it has {names[0]!r}")


def own_array(weights: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a copy of what is called `name`, as float32, or as int64 where it counts; a counter may be missing."""
    if name.endswith(COUNTER):
        return np.array(weights.get(name, np.zeros(shape)), np.int64)
    return np.array(weights[name], np.float32)


def to_array(tensor: Tensor, name: str, path: Path) -> NDArray[Any]:
    """Return a copy as float32 (int64 for a counter); raise BadInput for what is not plain finite numbers."""
    import torch

    counter = name.endswith(COUNTER)
    if not (counter or tensor.is_floating_point()):
        raise BadInput(f"checkpoint {path} holds {name!r} as {tensor.dtype}, not as floating point")
    try:
        array = tensor.to(torch.int64 if counter else torch.float32).contiguous().numpy().copy()
    except (RuntimeError, TypeError) as error:  # sparse, meta: legal in a file, no array
        raise BadInput(f"checkpoint {path} holds {name!r} in a form that is no plain array") from error
    if not np.isfinite(array).all():
        raise BadInput(f"checkpoint {path} holds values in {name!r} that are not finite")
    return array
