"""From the name of a data set and a folder to the clips to add."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import NotFound
from ...progress import Progress, silent
from .base import Listing
from .fetch import fetch
from .registry import build


def prepare(
    name: str,
    root: str | Path,
    *,
    download: bool = False,
    settings: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> Listing:
    """Return what the data set `name` says of the folder `root`, having fetched what it lacks if `download`.

    settings: those of the data set, and `mirror`, the URL of a folder that has its files. Raises NotFound for an
    unknown name and where no clip is below `root`, and the errors of `fetch` and of the data set's lists.
    """
    own = dict(settings or {})
    mirror = str(own.pop("mirror", ""))
    dataset = build(name, own)
    folder = Path(os.path.abspath(Path(root).expanduser()))  # noqa: PTH100  (resolve() would follow links)
    if download:
        fetch(dataset, folder, mirror=mirror, progress=progress)
    elif not folder.is_dir():
        raise NotFound(f"folder {folder} does not exist; name the one that holds {name}, or use --download")
    listing = dataset.listing(folder)
    if not listing.sources:
        first = f", such as {listing.missing[0]}" if listing.missing else ""
        raise NotFound(f"none of the {len(listing.missing)} files of {name} is below {folder}{first}; check --root")
    return listing
