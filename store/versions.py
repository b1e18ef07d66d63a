"""What lies on disk of a table: its fragments, its versions, and who holds the older of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .remote.address import is_uri
from .remote.tables import files_below

if TYPE_CHECKING:
    from .tables import Tables


@dataclass(frozen=True)
class Hold:
    """A version of a table that has to stay, and what needs it."""

    table: str
    version: int
    by: str


@dataclass(frozen=True)
class Fragment:
    """Rows of a table that lie together: how many are read, how many more were removed, and bytes of their files."""

    id: int
    rows: int
    removed: int
    size_bytes: int


@dataclass(frozen=True)
class Version:
    """A version of a table; superseded: when the next one was committed (UTC), None for the newest."""

    number: int
    superseded: datetime | None


def fragments_of(tables: Tables, name: str, version: int | None = None) -> list[Fragment]:
    """Return the fragments of a version of table `name` (None: the newest), in the order that they are read in."""
    dataset = tables.opened(name, version)
    size_of = _sizes(dataset.uri)
    return [
        Fragment(
            found.fragment_id,
            found.count_rows(),
            found.num_deletions,
            sum(size_of(file.path) for file in found.data_files()),
        )
        for found in dataset.get_fragments()
    ]


def versions_of(tables: Tables, name: str) -> list[Version]:
    """Return the versions of table `name` that are there, oldest first."""
    found: list[dict[str, Any]] = sorted(tables.opened(name).versions(), key=lambda one: one["version"])  # type: ignore[arg-type]
    times = [one["timestamp"].astimezone(UTC) for one in found]  # from the local time that pylance gives
    return [Version(one["version"], time) for one, time in zip(found, [*times[1:], None], strict=True)]


def tags_of(tables: Tables, name: str) -> dict[str, int]:
    """Return the tags of table `name`, each with the version that it protects from cleanup."""
    return {tag: int(found["version"]) for tag, found in tables.opened(name).tags.list().items()}


def held_versions(tables: Tables, name: str, holds: Iterable[Hold]) -> dict[int, tuple[str, ...]]:
    """Return those versions of table `name` that a tag or one of `holds` needs, and what needs each."""
    needed: dict[int, set[str]] = {}
    for tag, version in tags_of(tables, name).items():
        needed.setdefault(version, set()).add(tag)
    for hold in holds:
        if hold.table == name:
            needed.setdefault(hold.version, set()).add(hold.by)
    return {version: tuple(sorted(by)) for version, by in sorted(needed.items())}


def fragments_held(tables: Tables, name: str, held: Mapping[int, object]) -> set[int]:
    """Return the ids of the fragments that versions of table `name` stand on; a version that is gone has none."""
    there = {one.number for one in versions_of(tables, name)} if held else set()
    return {
        found.fragment_id for version in there & held.keys() for found in tables.opened(name, version).get_fragments()
    }


def folder_bytes(place: str | Path) -> int:
    """Return the bytes of all files below a folder or a URI; of those that go meanwhile, none."""
    return sum(found.size_bytes for found in files_below(str(place)).values())


def written_s(table: str, names: Iterable[str]) -> list[float]:
    """Return when files, as Lance names them, of the table at a place were last written, in seconds since 1970; minus
    infinity where one is gone.
    """
    if not is_uri(table):
        return [_modified_s(Path("/") / name) for name in names]
    found = files_below(table)
    inside = table.rpartition("/")[2]
    known = {f"{inside}/{name}": one.written_ns / 1e9 for name, one in found.items()}
    return [known.get(name[name.rfind(f"{inside}/") :], float("-inf")) for name in names]


def _modified_s(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return float("-inf")


def superseded_before(versions: Iterable[Version], moment: datetime, spare: Collection[int]) -> list[int]:
    """Return the numbers of those versions that were no longer the newest at `moment`, but for those to `spare`."""
    return [
        one.number
        for one in versions
        if one.superseded is not None and one.superseded <= moment and one.number not in spare
    ]


def _sizes(table: str) -> Callable[[str], int]:
    """Return what tells the bytes of a data file of the table at a place: of itself, and of a folder of blobs beside
    it, if it has one.
    """
    if not is_uri(table):
        data = Path(table) / "data"
        return lambda name: (data / name).stat().st_size + folder_bytes((data / name).with_suffix(""))
    sizes = Counter[str]()
    for name, found in files_below(f"{table}/data").items():  # one listing: to ask for each would take long
        sizes[name.partition("/")[0].removesuffix(".lance")] += found.size_bytes
    return lambda name: sizes[name.removesuffix(".lance")]
