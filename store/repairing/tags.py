"""Tags of a table that cannot be read: a small JSON file each."""

from __future__ import annotations

from ...schemas.finding import Finding
from ...schemas.read_json import read_json
from ..checking.opened import tried
from ..lock import writer_lock
from ..remote.mirror import listed
from ..remote.moving import content
from .work import Work


def unreadable_tags(work: Work, finding: Finding) -> str:
    """Move those tags of a table away that cannot be read; what they are of says which version they held."""
    moved = []
    with writer_lock(work.folder):
        for path in listed(work.path(f"{finding.where}.lance") / "_refs" / "tags"):
            if path.suffix != ".json":
                continue
            said = tried(lambda at=path: read_json(content(at)))  # type: ignore[misc]
            if not isinstance(said, dict) or not isinstance(said.get("version"), int):
                moved.append(work.quarantine.move(path, finding.what))
    return f"{len(moved)} tags of {finding.where} moved away" if moved else ""
