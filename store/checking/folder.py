"""The files of a store beside its tables: its marker, the journal of a removal, notes, what was left half written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from ...errors import EchodexError
from ...schemas.finding import Damage, Finding
from ...schemas.format import MARKER, check_marker
from ..activity import FOLDER as ACTIVITY
from ..activity import running
from ..datasets.notes import FOLDER as NOTES
from ..datasets.notes import read_note
from ..files import below
from ..remote.address import is_uri
from ..remote.mirror import fetched
from ..remote.objects import Objects
from ..remote.tables import has_versions, place_of, tables_at
from ..removing import JOURNAL
from ..seals import FOLDER as SEALS
from .opened import Failed, tried

QUARANTINE = "quarantine"
TORN_AFTER_S = 3600.0
"""A temporary file that is younger may be what a program writes that uses the store from Python, and says nothing."""


def folder_findings(folder: Path) -> Iterator[Finding]:
    """Yield what is wrong with the files of the store at `folder` beside its tables. Temporary files count only while
    nobody is at work.
    """
    marker = tried(partial(_check_marker, fetched(folder / MARKER)))
    if isinstance(marker, Failed):
        yield Finding(Damage.MARKER, MARKER, marker.why, "written anew, where the tables say of which format they are")
    if fetched(folder / JOURNAL).exists():
        what = f"a removal of clips was interrupted: {JOURNAL} says of which"
        yield Finding(Damage.JOURNAL, JOURNAL, what, "the removal is finished", False)
    for path in sorted(fetched(folder / NOTES).glob("*.json")):
        note = tried(partial(read_note, path))
        if isinstance(note, Failed):
            where = str(path.relative_to(folder))
            yield Finding(
                Damage.DATASET, where, note.why, "moved to quarantine/; `echodex add --dataset` notes it again"
            )
    if not running(folder):
        for path in torn_files(folder):
            where = str(path.relative_to(folder))
            yield Finding(Damage.TORN, where, f"{where} was left by a process that was killed", "removed", False)


def lost_tables(folder: Path) -> list[str]:
    """Return the tables that were sealed and are not there any more, and folders of tables without any version."""
    sealed = {path.stem for path in (folder / SEALS).glob("*.txt")}
    place = place_of(folder)
    if is_uri(place):
        return sorted(name for name in tables_at(place) if _lost_its_versions(place, name))
    begun = {path.stem for path in folder.glob("*.lance") if any((path / "data").glob("*.lance"))}
    there = {path.parent.parent.stem for path in folder.glob("*.lance/_versions/*.manifest")}
    return sorted((sealed | begun) - there)


def _lost_its_versions(place: str, table: str) -> bool:
    """Return whether a table on object storage has rows, and no version that says which."""
    data = Objects(place).names(f"{table}.lance/data")
    return any(name.endswith(".lance") for name in data) and not has_versions(place, table)


def torn_files(folder: Path) -> list[Path]:
    """Return the temporary files of a store that nobody has written to for so long that nobody will, sorted."""
    torn = (path for path in below(folder) if path.name.startswith(".") and path.suffix == ".tmp")
    found = (path for path in torn if path.relative_to(folder).parts[0] not in (ACTIVITY, QUARANTINE))
    return sorted(path for path in found if _age_s(path) > TORN_AFTER_S)


def _age_s(path: Path) -> float:
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _check_marker(path: Path) -> None:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise EchodexError(f"{path} cannot be read ({error})") from error
    check_marker(text, str(path))
