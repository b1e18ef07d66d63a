"""What shards came to, kept until the command that asked for it is done.

For work that comes to arrays, which no table holds before its end: pairs, selections, parts of an index. A file for
each shard, written when it is finished, in a folder that is named for what is worked out and from what: a driver that
comes after one that was killed reads them, and has only the rest done. They hold numbers alone, so that reading them
runs no code, and a checksum; what is not what was written is done again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ..schemas.read_json import read_json
from .files import write_atomic
from .shards import Shard, Workers

A = TypeVar("A")
B = TypeVar("B")

FOLDER = "shards"
_SUM_BYTES = 16
_TREE = "tree"


def each_kept(
    workers: Workers,
    what: Sequence[Any],
    work: Callable[[A], B],
    shards: Iterable[Shard[A]],
    kinds: Sequence[type[Any]] = (),
) -> Iterator[tuple[Shard[A], B]]:
    """Yield what `workers.each` does, from the journal where a shard was finished before.

    what: the name of the work, and all numbers, words and arrays that its results depend on, beside the `key` of a
    shard; kinds: the dataclasses among the results, which are arrays, numbers, slices, lists and tuples otherwise.
    """
    if workers.folder is None:
        yield from workers.each(work, shards)
        return
    journal = Journal(workers.folder / FOLDER / _named(what), tuple(kinds))
    found: list[tuple[Shard[A], Any]] = []

    def missing() -> Iterator[Shard[A]]:
        for shard in shards:
            known = journal.read(shard.key)
            if known is None:
                yield shard
            else:
                found.append((shard, known[0]))

    for shard, result in workers.each(work, missing()):
        journal.write(shard.key, result)
        yield shard, result
        while found:
            yield found.pop()
    yield from found


@dataclass(frozen=True)
class Journal:
    """Results by the keys of their shards, in a folder."""

    folder: Path
    kinds: tuple[type[Any], ...]

    def read(self, key: str) -> tuple[Any] | None:
        """Return the result of a shard, in a tuple; None where there is none, or it is not what was written."""
        try:
            held = self._path(key).read_bytes()
            told, rest = held[:_SUM_BYTES], held[_SUM_BYTES:]
            if told != _sum(rest):
                return None
            arrays = load(rest)
            return (self._grown(read_json(arrays[_TREE].tobytes()), arrays),)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, SafetensorError):
            return None

    def write(self, key: str, result: Any) -> None:
        """Keep the result of a shard. Raises StorageError."""
        arrays: list[NDArray[Any]] = []
        tree = json.dumps(self._folded(result, arrays)).encode()
        named = {str(at): np.asarray(array, order="C") for at, array in enumerate(arrays)}
        content = save(named | {_TREE: np.frombuffer(tree, np.uint8)})
        write_atomic(self._path(key), _sum(content) + content, durable=False)

    def _path(self, key: str) -> Path:
        return self.folder / f"{_named([key])}.safetensors"

    def _folded(self, value: Any, arrays: list[NDArray[Any]]) -> Any:
        """Return a result as JSON can hold it; its arrays go into `arrays`."""
        if isinstance(value, np.ndarray):
            arrays.append(value)
            return {"array": len(arrays) - 1}
        if isinstance(value, slice):
            return {"slice": [int(value.start), int(value.stop)]}
        if isinstance(value, list | tuple):
            return {type(value).__name__: [self._folded(one, arrays) for one in value]}
        if is_dataclass(value):
            parts = [self._folded(getattr(value, field.name), arrays) for field in fields(value)]
            return {"kind": [type(value).__name__, parts]}
        return {"value": value if value is None else int(value)}

    def _grown(self, folded: Any, arrays: Any) -> Any:
        [(what, held)] = folded.items()
        if what == "array":
            return arrays[str(held)]
        if what == "slice":
            return slice(*held)
        if what in ("list", "tuple"):
            parts = [self._grown(one, arrays) for one in held]
            return parts if what == "list" else tuple(parts)
        if what == "kind":
            kind = {kind.__name__: kind for kind in self.kinds}[held[0]]
            return kind(*(self._grown(one, arrays) for one in held[1]))
        return held


def _named(what: Sequence[Any]) -> str:
    """Return a name for numbers, words and arrays: the same for the same."""
    state = blake2b(digest_size=_SUM_BYTES)
    for one in what:
        said = (one.dtype.str, one.shape) if isinstance(one, np.ndarray) else one
        state.update(f"{said!r}\0".encode())
        if isinstance(one, np.ndarray):
            state.update(np.ascontiguousarray(one).data)
    return state.hexdigest()


def _sum(content: bytes) -> bytes:
    return blake2b(content, digest_size=_SUM_BYTES).digest()
