"""The vectors of all clips under one encoder digest: a space."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import Damaged
from .arrays import Float32 as Float32  # noqa: PLC0414  (of vectors, whoever asks)
from .clip import PRIMARY_KEY
from .read_json import read_json


@dataclass(frozen=True)
class Space:
    """A space's identity: which encoder made it, with what configuration and weights.

    `name` is what the user calls it ("timbre-1f00ba12"), `encoder` the registered encoder ("timbre", or "import"
    for vectors that came ready-made), `digest` the hash of configuration and weights, `dim` the length of a vector.
    """

    name: str
    encoder: str
    digest: str
    config: dict[str, Any]
    dim: int
    created_at: str
    note: str = ""

    @property
    def identity(self) -> str:
        """What tells this space from any other of its name, in another store or made here again: a cache made from it
        keeps this.
        """
        return f"{self.digest}@{self.created_at}"

    def to_metadata(self) -> dict[bytes, bytes]:
        """Return the table metadata that says all this."""
        fields = {k: v for k, v in self.__dict__.items() if k != "name"}
        return {b"echodex.space": json.dumps(fields, sort_keys=True).encode()}

    @classmethod
    def from_metadata(cls, name: str, metadata: dict[bytes, bytes] | None) -> Space:
        """Read a space back from its table's metadata; raise Damaged where there is none."""
        try:
            fields = read_json((metadata or {})[b"echodex.space"])
            return cls(name=name, **fields)
        except (KeyError, ValueError, TypeError) as error:
            raise Damaged(
                f"table vectors_{name} does not say which encoder made it; drop it and run `echodex embed` again"
            ) from error


def vector_schema(dim: int, metadata: dict[bytes, bytes] | None = None) -> pa.Schema:
    """Return the schema of a space's table: float32 vectors of length `dim`, one row per segment."""
    return pa.schema(
        [
            pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
            pa.field("segment", pa.int32(), nullable=False, metadata=PRIMARY_KEY),
            pa.field("start_s", pa.float32()),
            pa.field("vector", pa.list_(pa.float32(), dim)),
            pa.field("row_sum", pa.binary(16)),
        ],
        metadata=metadata,
    )


@dataclass(frozen=True)
class Segments:
    """What an encoder makes of one clip.

    start_s: float32[s], seconds from the start of the clip; vectors: float32[s, dim], as the encoder gives them.
    """

    start_s: Float32
    vectors: Float32


@dataclass(frozen=True)
class Vectors:
    """One vector per clip of a space, in the order of `clip_ids`.

    clip_ids: n strings, sorted; matrix: float32[n, dim], rows L2-normalised; space: where they come from; version:
    of its table.
    """

    clip_ids: list[str]
    matrix: Float32
    space: Space
    version: int

    def __len__(self) -> int:
        return len(self.clip_ids)

    def positions(self) -> dict[str, int]:
        """Return clip_id -> row of `matrix`."""
        return {clip_id: row for row, clip_id in enumerate(self.clip_ids)}


@dataclass(frozen=True)
class SegmentRows:
    """Segments of a space as they are stored, one a row.

    clip_ids: s strings; segments: int32[s], 0 for the first of a clip; starts_s: float32[s], seconds into the clip;
    matrix: float32[s, dim], as the encoder gave them, not normalised.
    """

    clip_ids: pa.Array
    segments: NDArray[np.int32]
    starts_s: Float32
    matrix: Float32

    def __len__(self) -> int:
        return len(self.segments)

    def take(self, rows: NDArray[np.integer[Any]]) -> SegmentRows:
        """Return the given rows, in that order."""
        return SegmentRows(
            self.clip_ids.take(pa.array(rows)), self.segments[rows], self.starts_s[rows], self.matrix[rows]
        )
