"""What a data set is to `add`: files, some of them missing, with labels and splits, and where to get it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar, Protocol

from ...errors import BadInput, NotFound
from ...schemas.clip import Source

DOWNLOADS = "downloads"
"""The folder below a data set's root where downloaded files are kept as they came."""


@dataclass(frozen=True)
class Download:
    """One thing to fetch.

    urls: of one file, which may end in `#sha256=<64 hex digits>`, or of the parts of one archive, in order; archive:
    it is unpacked into the folder `into` of the root; found_by: glob patterns from the root, of which any that matches
    shows that it is there already.
    """

    urls: tuple[str, ...]
    archive: bool = False
    into: str = ""
    found_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """What a data set says of a folder.

    split: which of the data set's several splits this is, as published; sources: the clips whose files are there;
    missing: the files that are not, as the lists name them; notes: sentences for the user; classes: the labels in the
    order of the published heads, () where there is none; min_s: seconds below which a clip is too short to be used;
    singles: of versions of works, what becomes of one whose work has no other ("drop" or "keep", versions.py).
    """

    dataset: str
    split: str
    sources: tuple[Source, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    min_s: float = 0.0
    singles: str = ""


class Dataset(Protocol):
    """A frozen dataclass of settings that all have defaults, made known by `@register(name)`."""

    name: ClassVar[str]

    @property
    def downloads(self) -> tuple[Download, ...]:
        """What `--download` fetches; () where nothing can be."""

    def listing(self, root: Path) -> Listing:
        """Return what is below `root`; raise NotFound or BadInput where its lists cannot be read."""


@dataclass(frozen=True)
class Entry:
    """One clip of a data set's lists.

    paths: relative to a folder, the first that is there counts; identity: what the data set calls it; fields: its
    DESCRIPTIVE columns; extra: what else is known.
    """

    paths: tuple[str, ...]
    identity: str
    labels: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


def make_listing(
    dataset: str,
    split: str,
    folder: Path,
    entries: Iterable[Entry],
    *,
    notes: Iterable[str] = (),
    classes: tuple[str, ...] = (),
) -> Listing:
    """Return the listing of `entries` below `folder`; each clip's `extra` says which data set and split it is of."""
    sources, missing = [], []
    about = (("dataset", dataset), ("dataset_split", split))
    base = os.path.abspath(folder)  # noqa: PTH100  (resolve() would follow links)
    for entry in entries:
        places = [os.path.join(base, inside(path)) for path in entry.paths]  # noqa: PTH118  (26,000 of them)
        found = next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113
        if found is None:
            missing.append(entry.paths[0])
            continue
        extra = tuple(sorted((*about, ("dataset_id", entry.identity), *entry.extra)))
        sources.append(Source(found, labels=tuple(sorted(entry.labels)), fields=entry.fields, extra=extra))
    return Listing(dataset, split, tuple(sources), tuple(missing), tuple(notes), classes)


def inside(relative: str) -> str:
    """Return a path of a list or an archive; raise BadInput for one that would leave its folder."""
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts or "\\" in relative or "\0" in relative or not path.parts:
        raise BadInput(f"{relative[:200]!r} is not a path below a folder: the list or archive that has it is not used")
    return str(path)


def find_file(root: Path, name: str, folders: Iterable[str]) -> Path:
    """Return the file `name` in the first of `folders` (relative to `root`) or among the downloads; else NotFound."""
    places = [root / folder / name for folder in (*folders, DOWNLOADS)]
    for place in places:
        if place.is_file():
            return place
    raise NotFound(f"{name} is in none of {', '.join(str(p.parent) for p in places)}; put it there, or use --download")


def find_folder(root: Path, folders: Iterable[str], wanted: str) -> Path:
    """Return the first of `folders` (relative to `root`) below which something matches the glob `wanted`."""
    tried = [root / folder for folder in folders]
    for folder in tried:
        if any(folder.glob(wanted)):
            return folder
    raise NotFound(f"there is no {wanted} in {', '.join(map(str, tried))}; check --root, or use --download")
