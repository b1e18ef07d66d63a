"""A kNN graph of a space, and the JSON file beside the parts in which it is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .checked_json import checked_text, read_checked
from .manifest import Seal, beside
from .vector import Float32

GRAPH_FORMAT = "echodex.graph"
GRAPH_VERSION = 1


@dataclass(frozen=True)
class Graph:
    """For each clip of a space its k nearest others by cosine.

    clip_ids: n strings, sorted; ids: int64[n, k], rows of neighbours, nearest first, of equal distance the lower row
    first, a row never among its own, -1 where it has fewer than k others; scores: float32[n, k], the cosines, -inf
    where `ids` is -1. exact: nothing nearer was passed over; recall: the share of the true lists that was found,
    measured on sampled rows (1.0 if exact); effort: into how many cells the search looked for one row, 0 if exact;
    space, version: of the table that it is the graph of.
    """

    clip_ids: list[str]
    ids: NDArray[np.int64]
    scores: Float32
    exact: bool
    recall: float
    effort: int
    space: str
    version: int

    def __len__(self) -> int:
        return len(self.clip_ids)


def graph_schema(k: int) -> pa.Schema:
    """Return the schema of a part: lists of some rows, as in Graph."""
    return pa.schema(
        [
            pa.field("row", pa.int64(), nullable=False),
            pa.field("ids", pa.list_(pa.int64(), k), nullable=False),
            pa.field("scores", pa.list_(pa.float32(), k), nullable=False),
        ]
    )


@dataclass(frozen=True)
class GraphRecipe:
    """What was asked for: lists of k, exact or of this recall (1.0 if exact), of a space."""

    space: str
    space_identity: str
    k: int
    exact: bool
    recall: float

    @property
    def name(self) -> str:
        """The name of the folder that keeps such a graph."""
        return f"graph-k{self.k}-exact" if self.exact else f"graph-k{self.k}-recall{self.recall:g}"


@dataclass(frozen=True)
class GraphPart:
    """A file of a graph: how many rows it holds, and its hashes."""

    file: str
    rows: int
    seal: Seal


@dataclass(frozen=True)
class GraphManifest:
    """What a folder keeps of a graph; compared with the table and with the files before a byte of them is parsed.

    It is written after every part, and names those that are there; `finished` once they hold every row. clips: the file
    with the clip ids; exact: whether the lists are, whatever was asked; recalls: for each j <= k the share of the j
    nearest that is among the first j (none before it is finished); effort: as in Graph.
    """

    recipe: GraphRecipe
    table_version: int
    ntotal: int
    exact: bool
    effort: int
    clips: GraphPart
    parts: tuple[GraphPart, ...] = ()
    recalls: tuple[float, ...] = ()
    finished: bool = False
    format: str = GRAPH_FORMAT
    version: int = GRAPH_VERSION

    @property
    def size_bytes(self) -> int:
        """Bytes of the files on disk."""
        return sum(part.seal.size_bytes for part in (self.clips, *self.parts))

    def serves(self, k: int, exact: bool, recall: float) -> bool:
        """Return whether the first k of each list are as good as asked."""
        if not self.finished or self.recipe.k < k:
            return False
        if self.exact or exact:
            return self.exact
        asked = (self.recipe.k, self.recipe.recall) == (k, recall)  # by this very recipe no other could do better
        return asked or (self.recipe.recall >= recall and self.recalls[k - 1] >= recall)

    def to_json(self) -> str:
        """Return the manifest as JSON text with a checksum of its own."""
        plain = asdict(self) | {"clips": _plain(self.clips), "parts": [_plain(part) for part in self.parts]}
        return checked_text(plain)

    @classmethod
    def from_json(cls, text: str, where: str) -> GraphManifest:
        """Read a manifest; raise Stale where it is damaged or of another format. `where` names the file."""
        known = (GRAPH_FORMAT, GRAPH_VERSION)
        return read_checked(text, where, known, lambda plain: cls(**plain | _parts(plain)))


def _parts(plain: dict[str, Any]) -> dict[str, Any]:
    return {
        "recipe": GraphRecipe(**plain["recipe"]),
        "clips": _part(plain["clips"]),
        "parts": tuple(_part(part) for part in plain["parts"]),
        "recalls": tuple(plain["recalls"]),
    }


def _plain(part: GraphPart) -> dict[str, Any]:
    return {"file": part.file, "rows": part.rows, "seal": part.seal.to_plain()}


def _part(plain: dict[str, Any]) -> GraphPart:
    beside(plain["file"])
    return GraphPart(plain["file"], plain["rows"], Seal.from_plain(plain["seal"]))
