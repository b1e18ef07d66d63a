"""Naming clips by content: the same bytes give the same id wherever they lie and whenever they are added."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from ..errors import BadInput

_BLOCK_BYTES = 1 << 20
_HASH_BYTES = 16


def content_hash(path: Path) -> str:
    """Return blake2b-128 of a file's bytes, 32 hex digits. Raises BadInput for what is no regular file (a FIFO
    would hang).
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise BadInput(f"{path} is not a regular file")
    state = hashlib.blake2b(digest_size=_HASH_BYTES)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            state.update(block)
    return state.hexdigest()


def clip_id(content: str, offset_s: float, duration_s: float | None) -> str:
    """Return the id of a clip: the content hash for a whole file, a hash of it and the excerpt (to the microsecond)
    otherwise.
    """
    if offset_s == 0.0 and duration_s is None:
        return content
    end = "end" if duration_s is None else str(round(duration_s * 1e6))
    excerpt = f"{content}:{round(offset_s * 1e6)}:{end}"
    return hashlib.blake2b(excerpt.encode(), digest_size=_HASH_BYTES).hexdigest()
