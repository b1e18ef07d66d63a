"""What data sets of musical versions have in common: works, each performed more than once, in files of any kind.

A clip's `work` is the clique it is of, its `rendition` what the lists call the performance. A version is usable that
has at least a second of audio after the first second, at whatever rate its file has.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import UsageError
from ..sources import AUDIO_SUFFIXES
from .base import Entry, Listing, inside, make_listing

DROP, KEEP = "drop", "keep"
"""What becomes of a version whose work has no other: it has no split, or the one that the lists give it."""

LEAST_S = 2.0
USUAL_SUFFIX = ".mp3"
PARTS = ("train", "valid", "test")
_FOLDERS = ("", "audio/")


@dataclass(frozen=True)
class Version:
    """A performance as the lists have it.

    identity: what the data set calls it; stems: where its file may be, relative to the folder and without a suffix, the
    first that is there counts; fields: further DESCRIPTIVE columns (an empty value is none); extra: what else is known.
    """

    identity: str
    work: str
    rendition: str
    split: str
    stems: tuple[str, ...]
    fields: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


def check_singles(singles: str) -> None:
    """Raise UsageError for a setting `singles` that is none."""
    if singles not in (DROP, KEEP):
        raise UsageError(f"singles is {DROP} or {KEEP}, not {singles[:80]!r}")


def list_versions(
    dataset: str, split: str, root: Path, versions: Iterable[Version], *, singles: str, notes: Sequence[str] = ()
) -> Listing:
    """Return the listing of `versions`, whose files are below `root` or its folder `audio`, with any audio suffix.

    Of versions that the lists have in one file the first counts; the notes tell how many others there are.
    """
    shelf, said = _Shelf(root), Counter[str]()
    works = {part: set[str]() for part in PARTS}
    entries = []
    for version in versions:
        if version.split in works:
            said[version.split] += 1
            works[version.split].add(version.work)
        entries.append(_entry(version, shelf))
    listing = make_listing(dataset, split, root, entries)
    sources = {source.path: source for source in reversed(listing.sources)}
    listed = ", ".join(f"{said[part]} {part} of {len(works[part])} works" for part in PARTS if said[part])
    told = [f"{split}: {listed}", *notes]
    if more := len(listing.sources) - len(sources):
        told.append(f"{more} versions have the file of another; of those in one file the first is used")
    return replace(
        listing, sources=tuple(reversed(sources.values())), notes=tuple(told), min_s=LEAST_S, singles=singles
    )


def first_folder(root: Path, folders: Iterable[str], names: Iterable[str]) -> Path | None:
    """Return the first of `folders` (relative to `root`) that has a file with one of `names`; None: no such folder."""
    names = list(names)
    return next((root / folder for folder in folders if any((root / folder / name).is_file() for name in names)), None)


def _entry(version: Version, shelf: _Shelf) -> Entry:
    path = next(shelf.find(version.stems), version.stems[0] + USUAL_SUFFIX)
    said = (*version.fields, ("work", version.work), ("rendition", version.rendition), ("split", version.split))
    fields = tuple((name, value) for name, value in said if value)
    return Entry((path,), version.identity, fields=fields, extra=version.extra)


@dataclass
class _Shelf:
    """The audio files below a folder by their stems. Each folder that is asked for is read once: a look for each of
    half a million names, in several places and with any suffix, would take as many calls of the file system.
    """

    root: Path
    read: dict[str, dict[str, str]] = field(default_factory=dict)

    def find(self, stems: Iterable[str]) -> Iterator[str]:
        """Yield the paths, relative to the root, of files with one of the stems; BadInput for a folder outside it."""
        for stem in stems:
            for above in _FOLDERS:
                folder, _, name = f"{above}{stem}".rpartition("/")
                if folder not in self.read:
                    self.read[folder] = _files(self.root / inside(folder) if folder else self.root)
                if name in self.read[folder]:
                    yield f"{folder}/{self.read[folder][name]}" if folder else self.read[folder][name]


def _files(folder: Path) -> dict[str, str]:
    """Return stem -> name of the audio files in a folder, `.mp3` before others; {} where there is none."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_file()]
    except OSError:
        return {}
    split = [(stem, suffix) for stem, suffix in map(os.path.splitext, names) if suffix.lower() in AUDIO_SUFFIXES]
    split.sort(key=lambda pair: (pair[1].lower() != USUAL_SUFFIX, pair[1]), reverse=True)
    return {stem: stem + suffix for stem, suffix in split}  # the last of a stem stays
