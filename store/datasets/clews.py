"""Metadata as CLEWS prepares them (Serrà et al., 2025): which files are versions of what, and the parts, in a `.pt`.

The file holds what is told of each version (clique, version, artist, title, name of the file below a folder) and, for
each part, the versions of each clique. It is read without running what it may ask to run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from ...encoders.checkpoint import load_plain
from ...errors import BadInput, NotFound, UsageError
from .base import Download, Listing
from .registry import register
from .versions import DROP, PARTS, Version, check_singles, list_versions

MAX_BYTES = 1 << 30
"""Half a million versions take 100 MB."""


@register("clews")
@dataclass(frozen=True)
class Clews:
    """metadata: the file, from the root, "" for the only one that is there; singles: drop or keep (versions.py)."""

    metadata: str = ""
    singles: str = DROP

    name: ClassVar[str]

    def __post_init__(self) -> None:
        check_singles(self.singles)

    @property
    def downloads(self) -> tuple[Download, ...]:
        """Nothing: the file was made from audio that one has."""
        return ()

    def listing(self, root: Path) -> Listing:
        """Return the versions that the file has in a part; of several parts the last counts, as covers80 has them."""
        path = root / self.metadata if self.metadata else _only(root)
        info, parts = _read(path)
        part_of: dict[str, str] = {}
        places = 0
        for part in PARTS:
            for names in parts.get(part, {}).values():
                part_of |= dict.fromkeys(names, part)
                places += len(names)
        notes = []
        if more := len(info.keys() - part_of.keys()):
            notes.append(f"{more} versions are in no part and are not used")
        if more := places - len(part_of):
            notes.append(f"{more} times a version is in another part as well; the last counts, test above all")
        versions = [_version(path, name, info.get(name), part) for name, part in part_of.items()]
        return list_versions(self.name, path.stem, root, versions, singles=self.singles, notes=notes)


def _only(root: Path) -> Path:
    found = sorted(root.glob("*.pt"))
    if len(found) != 1:
        raise UsageError(f"{root} holds {len(found)} files .pt; name the one of metadata: --set metadata=FILE")
    return found[0]


def _read(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, list[str]]]]:
    """Return what a file tells of versions, and its parts: a pair, or a dictionary that calls them info and split."""
    if not path.is_file():
        raise NotFound(f"metadata {path} do not exist")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"metadata {path} are larger than {MAX_BYTES >> 20} MiB")
    try:
        held = load_plain(path)
    except Exception as error:  # a crafted or torn file makes torch raise nearly anything
        raise BadInput(f"metadata {path} are refused: torn, or more than plain values ({error!s:.200})") from error
    if isinstance(held, dict):
        held = [held.get("info"), held.get("splits", held.get("split"))]
    match held:
        case [dict(info), dict(parts)] | (dict(info), dict(parts)) if all(map(_is_part, parts.values())):
            return info, parts
    raise BadInput(f"metadata {path} hold no pair of versions and parts of cliques of versions, as CLEWS writes it")


def _is_part(part: Any) -> bool:
    return isinstance(part, dict) and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in part.values()
    )


def _version(path: Path, name: str, told: Any, part: str) -> Version:
    """Return a version as the file tells of it; what has no artist or title there is None."""
    needed = ("clique", "version", "filename")
    if not isinstance(told, dict) or not all(told.get(key) for key in needed):
        raise BadInput(f"metadata {path}: {name[:80]!r} is without {', '.join(needed)}")
    work, rendition, file = (str(told[key]) for key in needed)
    if not PurePosixPath(file).name:
        raise BadInput(f"metadata {path}: {name[:80]!r} has the filename {file[:80]!r}, which names no file")
    said = tuple((key, str(told[key])) for key in ("title", "artist") if told.get(key))
    return Version(name, work, rendition, part, (str(PurePosixPath(file).with_suffix("")),), said)
