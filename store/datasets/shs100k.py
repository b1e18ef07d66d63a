"""SHS100K (Xu et al., 2018): performances of works by SecondHandSongs.com, of which the videos are to be fetched.

`list` tells of each version; SHS100K-TRAIN, -VAL and -TEST say which are of which part. There are two sets of such
lists. Figures of the literature are on those of NovaFrost/SHS100K2, which are smaller and have another test part than
those of NovaFrost/SHS100K: which ones a folder has shows in their counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...errors import BadInput, NotFound
from .annotations import read_pairs
from .base import DOWNLOADS, Download, Listing
from .registry import register
from .versions import DROP, Version, check_singles, first_folder, list_versions

PUBLISHED = {
    "shs100k2": {"train": 87_091, "valid": 10_884, "test": 10_547},
    "shs100k": {"train": 101_968, "valid": 3_918, "test": 2_983},
}
"""Versions of each part, by the name of the lists."""

_LISTS = {"train": "SHS100K-TRAIN", "valid": "SHS100K-VAL", "test": "SHS100K-TEST"}
_TOLD = "list"
_FOLDERS = ("", "meta", "SHS100K2", "SHS100K2/meta", "SHS100K", DOWNLOADS)
_COLUMNS = 5
"""set_id, ver_id, title, performer, url; whether it could be downloaded when the list was made comes after them."""


@dataclass(frozen=True)
class _Told:
    title: str
    performer: str
    url: str


@register("shs100k")
@dataclass(frozen=True)
class Shs100k:
    """meta: the folder of the lists, from the root, "" to look for it; singles: drop or keep (versions.py)."""

    meta: str = ""
    singles: str = DROP

    name: ClassVar[str]

    def __post_init__(self) -> None:
        check_singles(self.singles)

    @property
    def downloads(self) -> tuple[Download, ...]:
        """Nothing: the audio is that of videos, which everyone has to fetch."""
        return ()

    def listing(self, root: Path) -> Listing:
        """Return the versions of the parts whose lists are there; the last of a version's parts counts."""
        folders = (self.meta,) if self.meta else _FOLDERS
        folder = first_folder(root, folders, _LISTS.values())
        if folder is None:
            raise NotFound(
                f"there is no {', '.join(_LISTS.values())} in {', '.join(str(root / f) for f in folders)}; put them "
                "there, or name their folder: --set meta=FOLDER"
            )
        parts = {part: list(_read_part(folder / name)) for part, name in _LISTS.items() if (folder / name).is_file()}
        above = first_folder(root, (str(folder), *folders), [_TOLD])
        told = {} if above is None else _read_list(above / _TOLD)
        split_of = {version: part for part, versions in parts.items() for version in versions}
        versions = [_version(*version, part, told.get(version)) for version, part in split_of.items()]
        split = _split({part: len(versions) for part, versions in parts.items()})
        notes = list(_notes(parts, split, len(split_of), len(split_of.keys() - told.keys())))
        return list_versions(self.name, split, root, versions, singles=self.singles, notes=notes)


def _version(work: str, rendition: str, part: str, told: _Told | None) -> Version:
    identity = f"{work}-{rendition}"
    stems = (f"{identity[:2]}/{identity}", identity)
    if told is None:
        return Version(identity, work, rendition, part, stems)
    fields = (("title", told.title), ("artist", told.performer))
    return Version(identity, work, rendition, part, stems, fields, (("url", told.url),))


def _split(counts: dict[str, int]) -> str:
    """Return which lists have these counts; "lists" where none have."""
    return next((name for name, published in PUBLISHED.items() if counts.items() <= published.items()), "lists")


def _notes(parts: dict[str, list[tuple[str, str]]], split: str, versions: int, untold: int) -> Iterator[str]:
    if split not in PUBLISHED:
        published = "; ".join(f"{name}: {', '.join(map(str, PUBLISHED[name].values()))}" for name in PUBLISHED)
        yield f"these are not the published lists ({published} versions to train, validate and test)"
    if absent := [name for part, name in _LISTS.items() if part not in parts]:
        yield f"no {', '.join(absent)}: nothing of that part is used"
    if more := sum(map(len, parts.values())) - versions:
        yield f"{more} versions are in several parts; they are used in the last, the test part above all"
    if untold:
        yield f"{untold} versions have no title: they are not in {_TOLD!r}, or it is not there"


def _read_part(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (set_id, ver_id) of each line, each pair once."""
    seen = dict.fromkeys((work, rest.partition("\t")[0].strip()) for work, rest in read_pairs(path))
    for number, (work, rendition) in enumerate(seen, start=1):
        if not (work and rendition):
            raise BadInput(f"{path}, entry {number}: it has no number of a set and one of a version")
        yield work, rendition


def _read_list(path: Path) -> dict[tuple[str, str], _Told]:
    found = {}
    for work, rest in read_pairs(path):
        cells = [work, *(_unquoted(cell) for cell in rest.split("\t"))]
        if len(cells) < _COLUMNS:
            raise BadInput(f"{path}: the line of set {work[:60]!r} has {len(cells)} columns, not {_COLUMNS} or more")
        found[cells[0], cells[1]] = _Told(*cells[2:_COLUMNS])
    return found


def _unquoted(cell: str) -> str:
    """Return a cell of a table without the quotes that some writers put around one that has quotes in it."""
    cell = cell.strip()
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell
