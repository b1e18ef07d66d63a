"""The JSON file beside every cache: what it holds, what it was made from, and the hash to check it by."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ..errors import Stale

MANIFEST_FORMAT = "echodex.index"
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class IndexManifest:
    """What a FAISS file on disk holds; compared with the table and the file before a byte of it is parsed."""

    kind: str
    dim: int
    metric: str
    ntotal: int
    space: str
    encoder_digest: str
    table_version: int
    sha256: str
    size_bytes: int
    faiss_version: str
    format: str = MANIFEST_FORMAT
    version: int = MANIFEST_VERSION

    def to_json(self) -> str:
        """Return the manifest as JSON text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, where: str) -> IndexManifest:
        """Read a manifest; raise Stale where it is unreadable or of another format. `where` names the file."""
        try:
            found = cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise Stale(
                f"{where} is not an index manifest; delete it, the index is built anew when it is next needed"
            ) from error
        if found.format != MANIFEST_FORMAT or found.version > MANIFEST_VERSION:
            raise Stale(f"{where} is of format {found.format} {found.version}; delete it, the index is built anew")
        return found
