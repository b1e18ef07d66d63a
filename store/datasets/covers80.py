"""covers80 (Ellis, 2007): 80 songs, each by two artists, as mp3 of 16 kHz; `list1` and `list2` name the two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...errors import BadInput, NotFound
from .base import Download, Listing
from .registry import register
from .versions import DROP, Version, check_singles, first_folder, list_versions

RENDITIONS = ("list1", "list2")
_SUFFIXES = (".list", ".txt")
_FOLDERS = ("", "coversongs/covers32k", "covers32k", "covers80", "covers80/coversongs/covers32k", "covers80/covers32k")
_URL = "http://labrosa.ee.columbia.edu/projects/coversongs/covers80/covers80.tgz"
_NUMBER = re.compile(r"^\d+-")


@register("covers80")
@dataclass(frozen=True)
class Covers80:
    """singles: drop or keep (versions.py). All clips test: there are too few to learn from."""

    singles: str = DROP

    name: ClassVar[str]

    def __post_init__(self) -> None:
        check_singles(self.singles)

    @property
    def downloads(self) -> tuple[Download, ...]:
        """One archive of 164 MB; no checksum is known."""
        there = tuple(str(Path(folder, _file(RENDITIONS[0]))) for folder in _FOLDERS)
        return (Download((_URL,), archive=True, found_by=there),)

    def listing(self, root: Path) -> Listing:
        """Return the clips of both lists; the list that a clip is in is its rendition."""
        files = [name + suffix for name in RENDITIONS for suffix in _SUFFIXES]
        folder = first_folder(root, _FOLDERS, files)
        if folder is None:
            tried = ", ".join(str(root / folder) for folder in _FOLDERS)
            raise NotFound(f"there is no list1.list in {tried}; check --root, or use --download")
        versions = [version for name in RENDITIONS for version in _read(folder, name)]
        notes = ["all clips have the split test; the rendition is list1 or list2"]
        return list_versions(self.name, "lists", folder, versions, singles=self.singles, notes=notes)


def _file(name: str) -> str:
    return name + _SUFFIXES[0]


def _read(folder: Path, name: str) -> Iterator[Version]:
    path = next((folder / (name + suffix) for suffix in _SUFFIXES if (folder / (name + suffix)).is_file()), None)
    if path is None:
        raise NotFound(f"there is no {_file(name)} in {folder}; it is one of the two lists")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text ({error}); download it again") from error
    for number, line in enumerate(lines, start=1):
        identity = line.strip().removesuffix(".mp3")
        if not identity:
            continue
        work, slash, version = identity.partition("/")
        if not (work and slash and version) or "/" in version:
            raise BadInput(f"{path}, line {number}: {line[:80]!r} is not a song, a slash and a name of a file")
        artist, *albums, track = version.split("+") if "+" in version else ("", version)
        said = {"title": _NUMBER.sub("", track), "artist": artist, "album": " ".join(albums)}
        fields = tuple((column, value.replace("_", " ")) for column, value in said.items())
        yield Version(identity, work, name, "test", (identity,), fields)
