"""Discogs-VI (Araz et al., 2024): versions by Discogs' credits, matched to videos; audio as `<2 letters>/<id>.mp3`.

The lists are the partitions of Discogs-VI-YT: `Discogs-VI-YT-<date>-light.json.train`, `.val` and `.test`, each a
dictionary of cliques. Beside a video's audio its title and artist may stand, as JSON in `<id>.meta`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from ...errors import BadInput, NotFound
from ...schemas.clip import Source
from ...schemas.read_json import read_json
from ..pipeline import in_order
from .base import Download, Listing
from .cliques import Listed, read_cliques
from .registry import register
from .versions import DROP, Version, check_singles, list_versions

_PARTS = {"train": "train", "valid": "val", "test": "test"}
_PATTERN = "Discogs*VI-YT-*-light.json"
_FOLDERS = ("", "meta", "main", "discogs_20240701/main")
_AHEAD = 256
_META_BYTES = 4 << 20


@register("discogs_vi")
@dataclass(frozen=True)
class DiscogsVi:
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
        """Return the versions of the lists that are there, with the titles and artists of their `.meta` files."""
        folders = [root / folder for folder in ((self.meta,) if self.meta else _FOLDERS)]
        found = _find(folders)
        versions = [_version(listed, part) for part, path in found.items() for listed in read_cliques(path)]
        absent = [suffix for part, suffix in _PARTS.items() if part not in found]
        notes = [f"no list of {', '.join(absent)}: nothing of that part is used"] if absent else []
        split = next(iter(found.values())).name.partition("-light")[0]
        listing = list_versions(self.name, split, root, versions, singles=self.singles, notes=notes)
        return replace(listing, sources=tuple(in_order(_with_meta, listing.sources, ahead=_AHEAD)))


def _find(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the list of each part, those of one date in one folder."""
    for folder in folders:
        lists = {part: sorted(folder.glob(f"{_PATTERN}.{suffix}")) for part, suffix in _PARTS.items()}
        stems = sorted({path.stem for paths in lists.values() for path in paths})
        if len(stems) > 1:
            raise BadInput(f"{folder} has lists of several kinds ({', '.join(stems)}); keep one, or say meta=FOLDER")
        if stems:
            return {part: paths[0] for part, paths in lists.items() if paths}
    tried = ", ".join(map(str, folders))
    raise NotFound(f"there is no {_PATTERN}.train, .val or .test in {tried}; name the folder: --set meta=FOLDER")


def _version(listed: Listed, part: str) -> Version:
    identity = f"{listed.clique}:{listed.version}"
    fields, extra = (("title", listed.title),), (("youtube_id", listed.video),)
    return Version(identity, listed.clique, listed.version, part, tuple(_stems(listed.video)), fields, extra)


def _stems(video: str) -> Iterable[str]:
    """Return where a video's audio may be: file systems that take A for a have merged folders in any of these cases."""
    one, two = video[0], video[1]
    folders = (one + two, one.upper() + two.upper(), one.upper() + two.lower(), one.lower() + two.upper())
    return dict.fromkeys(f"{folder}/{video}" for folder in (*folders, one.lower() + two.lower()))


def _with_meta(source: Source) -> Source:
    """Return a source with the title and the artist of the `.meta` file beside it, where only that says them."""
    try:
        with Path(source.path).with_suffix(".meta").open("rb") as file:
            told: Any = read_json(file.read(_META_BYTES))
    except (OSError, ValueError):
        return source  # the file's own tags may say it
    said = told if isinstance(told, dict) else {}
    more = {name: said[name].strip() for name in ("title", "artist") if isinstance(said.get(name), str)}
    fields = {name: value for name, value in more.items() if value} | dict(source.fields)
    return replace(source, fields=tuple(fields.items()))
