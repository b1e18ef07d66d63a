"""`add --download`: what a data set lacks, from its hosts or from a mirror, below its own root.

Archives are kept as they came in `downloads/` and may be deleted once they are unpacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...encoders.cache import locked
from ...encoders.download import download_to
from ...errors import Unavailable, UsageError
from ...progress import Progress
from ..files import storage_errors
from .base import DOWNLOADS, Dataset, Download
from .unpack import unpack

MAX_BYTES = 64 << 30
"""The largest archive, a part of LibriSpeech, has 31 GB."""

_UNPACKED = ".unpacked"
"""An empty file of this suffix beside an archive's first part says that it was unpacked whole."""


def fetch(dataset: Dataset, root: Path, *, mirror: str = "", progress: Progress, pause_s: float = 1.0) -> None:
    """Download and unpack what is not below `root` yet.

    mirror: a URL below which the files lie under their own names, instead of the data set's hosts. Raises Unavailable
    for what cannot be had (what came is continued the next time) and the errors of `download_to` and `unpack`.
    """
    if not dataset.downloads:
        raise Unavailable(f"{dataset.name} cannot be downloaded by anyone; put its files below {root}")
    if mirror and "://" not in mirror:
        raise UsageError(f"mirror {mirror!r} is not a URL such as https://host/folder")
    with locked(root):  # whoever comes second finds it all there
        for download in dataset.downloads:
            paths = [root / DOWNLOADS / _file_name(url) for url in download.urls]
            if _is_there(download, root, paths):
                continue
            for url, path in zip(download.urls, paths, strict=True):
                source = f"{mirror.rstrip('/')}/{url.rpartition('/')[2]}" if mirror else url
                download_to(source, path, max_bytes=MAX_BYTES, progress=progress, pause_s=pause_s)
            if download.archive:
                unpack(paths, root / download.into, progress)
                with storage_errors(root):
                    _mark(paths).touch()


def _is_there(download: Download, root: Path, paths: Sequence[Path]) -> bool:
    """Whether it was unpacked, or lies below the root without ever having been downloaded."""
    if download.archive and _mark(paths).exists():
        return True
    begun = any(path.exists() or path.with_name(path.name + ".part").exists() for path in paths)
    return not begun and any(any(root.glob(pattern)) for pattern in download.found_by)


def _mark(paths: Sequence[Path]) -> Path:
    return paths[0].with_name(paths[0].name + _UNPACKED)


def _file_name(url: str) -> str:
    return url.partition("#")[0].rpartition("/")[2]
