"""What there is to add: folders, files, lists of paths and labels CSVs become a stream of `Source`s.

Never leaves the folders it was given: links are not followed, or only to what lies in them; only regular files count,
hidden files are passed over.
"""

from __future__ import annotations

import codecs
import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors import BadInput, NotFound
from ..schemas.clip import DESCRIPTIVE, Source
from ..schemas.format import MARKER
from .remote.address import checked, is_uri
from .remote.sources import below

AUDIO_SUFFIXES = frozenset(
    """.wav .wave .flac .ogg .oga .opus .mp3 .m4a .mp4 .aac .aif .aiff .aifc .au .snd .caf .w64 .rf64 .wma .webm .mka
    .mkv .ac3 .amr .ape .wv .mp2 .3gp""".split()  # noqa: SIM905
)
LABEL_COLUMNS = ("label", "labels", "tag", "tags", "category", "class")
"""Columns of a labels CSV taken as the clip's labels, the first that is there, unless the caller names one."""
LABEL_SEPARATOR = ";"


@dataclass
class LabelsFile:
    """A CSV with a header and a `path` column, relative to the CSV's own folder.

    Columns: `path`; optionally `offset_s`, `duration_s` (an excerpt); a label column (several labels joined by
    ";"); the DESCRIPTIVE columns of a clip; every other column is kept in `extra`. A file may have several rows
    (excerpts).
    """

    path: Path
    label_column: str | None = None
    by_path: dict[str, list[Source]] = field(default_factory=dict)

    def load(self) -> LabelsFile:
        """Read the CSV; raise NotFound or BadInput naming the file, the row and the column."""
        if not self.path.is_file():
            raise NotFound(f"labels file {self.path} does not exist")
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as stream:
                reader = csv.DictReader(stream)
                names = list(reader.fieldnames or [])
                label_column = self._label_column(names)
                for number, row in enumerate(reader, start=2):
                    source = self._source(row, label_column, number)
                    self.by_path.setdefault(source.path, []).append(source)
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadInput(f"labels file {self.path} is not a UTF-8 CSV ({error}); save it as one") from error
        return self

    def _label_column(self, names: list[str]) -> str | None:
        if "path" not in names:
            raise BadInput(f"labels file {self.path} has no column 'path' (it has: {', '.join(names) or 'nothing'})")
        if self.label_column is None:
            return next((name for name in LABEL_COLUMNS if name in names), None)
        if self.label_column not in names:
            raise BadInput(f"labels file {self.path} has no column {self.label_column!r} (it has: {', '.join(names)})")
        return self.label_column

    def _source(self, row: dict[str, str | None], label_column: str | None, number: int) -> Source:
        if not row.get("path") or None in row:
            raise BadInput(
                f"labels file {self.path}, line {number}: no path, or more cells than the header has columns"
            )
        named = {name: value.strip() for name, value in row.items() if value and value.strip()}
        path = source_path(named.pop("path"), self.path.parent)
        offset_s = self._seconds(named.pop("offset_s", "0"), number) or 0.0
        duration_s = self._seconds(named.pop("duration_s", ""), number)
        labels = named.pop(label_column, "") if label_column else ""
        return Source(
            path=path,
            offset_s=offset_s,
            duration_s=duration_s,
            labels=tuple(sorted({label.strip() for label in labels.split(LABEL_SEPARATOR) if label.strip()})),
            fields=tuple((name, named.pop(name)) for name in DESCRIPTIVE if name in named),
            extra=tuple(sorted(named.items())),
        )

    def _seconds(self, text: str, number: int) -> float | None:
        if not text:
            return None
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0.0 <= seconds < float("inf"):
            raise BadInput(f"labels file {self.path}, line {number}: {text!r} is not a number of seconds")
        return seconds


def gather(paths: Iterable[str | Path], labels: LabelsFile | None = None) -> Iterator[Source]:
    """Yield what `paths` (files and folders) hold, each joined with its rows of `labels`.

    With no paths at all, the files that `labels` lists. Raises NotFound for a path that does not exist.
    """
    by_path = labels.by_path if labels else {}
    given = list(paths)
    if not given:
        for sources in by_path.values():
            yield from sources
        return
    local = iter(_absolute(path for path in given if not is_uri(path)))
    for path in given:
        for file in _audio_at(str(path)) if is_uri(path) else _audio_in(next(local)):
            yield from by_path.get(file, [Source(file)])


def _audio_in(path: Path) -> Iterable[str]:
    return walk(path) if path.is_dir() else [str(path)]


def _audio_at(uri: str) -> list[str]:
    """Return the URIs of the audio files below a URI, by the ends of their names, or of the one object that it is.

    Raises NotFound, UsageError for a URI that may hold a secret, StorageError.
    """
    found = below(checked(uri))
    if found == [uri]:
        return found
    stores = tuple(name.removesuffix(MARKER) for name in found if name.endswith(f"/{MARKER}"))
    audio = [name for name in found if PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES]
    if not found:
        raise NotFound(f"{uri} does not exist")
    return [name for name in audio if not name.startswith(stores)] if stores else audio


def source_path(path: str | Path, folder: Path | None = None) -> str:
    """Return how a source is written in the store: a URI as it is, of a path the absolute one, seen from `folder`.

    Raises UsageError for a URI that may hold a secret.
    """
    if is_uri(path):
        return checked(str(path))
    return os.path.abspath(folder / path if folder else path)  # noqa: PTH100  (resolve() would follow links)


def linked(paths: Iterable[str | Path]) -> list[str]:
    """Return the audio files that `paths` (files and folders) hold, also behind links to what lies in one of the
    folders; each folder is entered once. To be given to `add`. Raises NotFound for a path that does not exist.
    """
    asked = list(paths)
    given = _absolute(path for path in asked if not is_uri(path))
    links = Links(path for path in given if path.is_dir())
    local = [file for path in given for file in (walk(path, links) if path.is_dir() else [str(path)])]
    return local + [str(path) for path in asked if is_uri(path)]


def _absolute(paths: Iterable[str | Path]) -> list[Path]:
    given = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  (resolve() would follow links)
    for path in given:
        if not path.exists():
            raise NotFound(f"{path} does not exist")
    return given


class Links:
    """Which links may be followed: those to what lies in the given folders, and into no folder twice."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots = [root.resolve() for root in roots]
        self._entered: set[tuple[int, int]] = set()

    def lead_inside(self, link: Path) -> bool:
        """Return whether a link leads to something that is there, in one of the folders."""
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):  # it leads nowhere, or round in a circle
            return False
        return any(target.is_relative_to(root) for root in self._roots)

    def enter(self, folder: Path) -> bool:
        """Return whether a folder, by whatever name, is entered for the first time."""
        found = folder.stat()
        known = len(self._entered)
        self._entered.add((found.st_dev, found.st_ino))
        return len(self._entered) > known


def walk(folder: Path, links: Links | None = None) -> Iterator[str]:
    """Yield the audio files below `folder` by name, sorted, touching nothing but regular files; links, where there are
    `links` to say which, else none, are followed.

    A folder that cannot be read is yielded itself: whoever opens it as a file says why.
    """
    try:
        if links and not links.enter(folder):
            return
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        yield str(folder)
        return
    for entry in ordered:
        if entry.name.startswith("."):
            continue
        follow = entry.is_symlink() and links is not None and links.lead_inside(Path(entry.path))
        if entry.is_dir(follow_symlinks=follow):
            if not is_store(Path(entry.path)):
                yield from walk(Path(entry.path), links)
        elif entry.is_file(follow_symlinks=follow) and Path(entry.name).suffix.lower() in AUDIO_SUFFIXES:
            yield entry.path


def is_store(folder: Path) -> bool:
    """Return whether `folder` is an echodex store: it is never taken for a folder of audio."""
    try:
        return (folder / MARKER).is_file()
    except OSError:  # of a name that is too long
        return False


def path_list(lines: Iterable[bytes]) -> list[str]:
    """Return the paths in a list of one path a line, in the bytes that the file system has; empty lines are passed
    over, and the mark that some editors put before UTF-8. Raises BadInput for UTF-16.
    """
    listed = [line.rstrip(b"\r\n") for line in lines]
    listed[:1] = [line.removeprefix(codecs.BOM_UTF8) for line in listed[:1]]
    if any(b"\0" in line for line in listed):
        raise BadInput("a list of paths holds zero bytes, as UTF-16 has them; save it as UTF-8")
    return [os.fsdecode(line) for line in listed if line.strip()]
