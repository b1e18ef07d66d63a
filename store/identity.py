"""Naming clips by content: the same bytes give the same id wherever they lie and whenever they are added."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from ..errors import BadInput
from ..schemas.clip import Source

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


def clip_id(content: str, source: Source) -> str:
    """Return the id of a clip: the content hash for a whole file, otherwise a hash of it and the excerpt (to the
    microsecond) or the part.
    """
    if not source.is_excerpt:
        return content
    end = "end" if source.duration_s is None else str(round(source.duration_s * 1e6))
    excerpt = f"{content}:{round(source.offset_s * 1e6)}:{end}" + (f":{source.part}" if source.part else "")
    return hashlib.blake2b(excerpt.encode(), digest_size=_HASH_BYTES).hexdigest()
