"""The audio file that a browser sends: on disk while its question is answered, for its owner alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from ...errors import BadInput
from ...store.files import storage_errors

_SUFFIXES = (
    ".aac .aif .aiff .au .caf .flac .m4a .mka .mkv .mov .mp3 .mp4 .oga .ogg .opus .wav .weba .webm .wma".split()  # noqa: SIM905
)


async def _uploaded(request: Request, name: str = "") -> AsyncIterator[Path]:
    """Yield a private file with the bytes of the body, which the guard counts, and remove it afterwards.

    name: what the browser calls it, of which only a known suffix is used. Raises BadInput where nothing was sent.
    """
    suffix = Path(name).suffix.lower()
    handle, made = tempfile.mkstemp(prefix="echodex-", suffix=suffix if suffix in _SUFFIXES else "")
    path = Path(made)
    try:
        with os.fdopen(handle, "wb") as file:
            async for chunk in request.stream():
                with storage_errors(path):
                    file.write(chunk)
        if not path.stat().st_size:
            raise BadInput("nothing was sent; send the bytes of an audio file as the body")
        yield path
    finally:
        path.unlink(missing_ok=True)


Uploaded = Annotated[Path, Depends(_uploaded)]
"""The parameter of a route that takes an audio file as its body: `file: Uploaded`, a path of mode 0600."""
