"""The JSON file beside every index: what it holds, what it was made from, how good it is, and its hashes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .checked_json import checked_text, read_checked

MANIFEST_FORMAT = "echodex.index"
MANIFEST_VERSION = 2

CLIP, SEGMENT = "clip", "segment"
"""Levels of an index: one row per clip (the mean of its segments), or one row per segment."""


@dataclass(frozen=True)
class Seal:
    """The hashes of a file: SHA-256 of each block of `block_bytes` in hex (the last block may be shorter)."""

    size_bytes: int
    block_bytes: int
    sums: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        """Return the seal as JSON knows it; the hashes are joined, a list of thousands of lines helps nobody."""
        return {"size_bytes": self.size_bytes, "block_bytes": self.block_bytes, "sums": " ".join(self.sums)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Seal:
        """Return the seal that `to_plain` described."""
        return cls(int(plain["size_bytes"]), int(plain["block_bytes"]), tuple(str(plain["sums"]).split()))


@dataclass(frozen=True)
class Recipe:
    """What was asked for: enough to build the index again.

    kind: a registered kind, with its `settings`; metric: cosine, ip or l2; level: CLIP or SEGMENT; target: the
    recall@10 to tune for (0: take `effort` as it is); effort: nprobe or efSearch as given, 0 to have it tuned; chosen:
    whether the kind was chosen for the size that the space then had, and is to be again where the index is built again.
    """

    name: str
    kind: str
    settings: dict[str, Any]
    metric: str
    level: str
    target: float
    effort: int
    chosen: bool = False


@dataclass(frozen=True)
class IndexManifest:
    """What the files of an index hold; compared with the table and with the files before a byte of them is parsed.

    effort: nprobe or efSearch that searches use (0: the kind is exact); recall: recall@`recall_k` at that effort,
    measured on `recall_queries` rows that took part neither in training nor in tuning (1.0 for an exact kind);
    lists_at: where in the index file the inverted lists begin, one after the other (the file's size where they do
    not): what lies before is checked when the file is opened, a list when it is first read.
    """

    recipe: Recipe
    dim: int
    ntotal: int
    space: str
    space_identity: str
    table_version: int
    effort: int
    recall: float
    recall_k: int
    recall_queries: int
    built_s: float
    built_at: str
    faiss_version: str
    index_file: str
    ids_file: str
    index_seal: Seal
    ids_seal: Seal
    lists_at: int
    format: str = MANIFEST_FORMAT
    version: int = MANIFEST_VERSION

    @property
    def name(self) -> str:
        """The name of the index within its space."""
        return self.recipe.name

    @property
    def size_bytes(self) -> int:
        """Bytes of the index and its ids on disk."""
        return self.index_seal.size_bytes + self.ids_seal.size_bytes

    def to_json(self) -> str:
        """Return the manifest as JSON text with a checksum of its own."""
        plain = asdict(self) | {"index_seal": self.index_seal.to_plain(), "ids_seal": self.ids_seal.to_plain()}
        return checked_text(plain)

    @classmethod
    def from_json(cls, text: str, where: str) -> IndexManifest:
        """Read a manifest; raise Stale where it is damaged or of another format. `where` names the file."""
        known = (MANIFEST_FORMAT, MANIFEST_VERSION)
        return read_checked(text, where, known, lambda plain: cls(**plain | _parts(plain)))

    def __post_init__(self) -> None:
        """Raise ValueError where a file is not beside the manifest."""
        beside(self.index_file, self.ids_file)


def beside(*files: str) -> None:
    """Raise ValueError where one of the files that a manifest names is not one beside it."""
    odd = next((file for file in files if "/" in file or file in (".", "..") or "\0" in file), None)
    if odd is not None:
        raise ValueError(f"{odd[:80]!r} is no file beside the manifest")


def _parts(plain: dict[str, Any]) -> dict[str, Any]:
    return {
        "recipe": Recipe(**plain["recipe"]),
        "index_seal": Seal.from_plain(plain["index_seal"]),
        "ids_seal": Seal.from_plain(plain["ids_seal"]),
    }
