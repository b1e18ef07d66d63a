"""The files of a store beside its tables."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

from ...encoders.base import digest_of
from ...encoders.registry import build
from ...errors import Damaged, EchodexError
from ...schemas.finding import Finding
from ...schemas.format import FORMAT_NAME, FORMAT_VERSION, check_marker, marker
from ...schemas.read_json import read_json
from ..checking.opened import tried
from ..checking.table import left_files
from ..files import remove, storage_errors, write_atomic
from ..lock import writer_lock
from ..migrating import migrate
from ..remote.moving import present
from ..removing import remove_clips
from ..spaces import keep_weights, list_spaces, weights_path
from .work import Work


def put_aside(work: Work, finding: Finding) -> str:
    """Move the file or folder that a finding names to the quarantine."""
    path = work.path(finding.where)
    if not present(path):
        return ""
    return f"{finding.where} moved to {work.quarantine.move(path, finding.what)}"


def orphan_files(work: Work, finding: Finding) -> str:
    """Move the files of a table to the quarantine that no version names by now."""
    left = left_files(work.folder, finding.where)
    for path in left:
        work.quarantine.move(work.path(f"{finding.where}.lance") / path, finding.what)
    return f"{len(left)} files of {finding.where} moved to the quarantine" if left else ""


def swept(work: Work, finding: Finding) -> str:
    """Remove a file that was left half written, or a folder that was left half removed."""
    path = work.path(finding.where)
    with storage_errors(path):
        if path.is_dir():
            shutil.rmtree(path)
            return f"{finding.where} removed"
    remove(path)
    return f"{finding.where} removed"


def broken_marker(work: Work, finding: Finding) -> str:
    """Write the marker anew. It first says what is oldest: a store of today's format is found to be of it."""
    path = work.path(finding.where)
    if present(path):
        work.quarantine.move(path, finding.what)
    write_atomic(path, json.dumps(marker() | {"version": 1}).encode())
    tried(partial(migrate, work.folder))  # where tables are damaged too, it is brought up when it is opened
    return f"{finding.where} is written anew"


def refuse_newer(path: Path) -> None:
    """Raise Damaged where the marker at `path` says that the store is of a format that this echodex does not know."""
    said = tried(lambda: read_json(path.read_text()))
    version = said.get("version") if isinstance(said, dict) and said.get("format") == FORMAT_NAME else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        check_marker(path.read_text(), str(path))


def unfinished_removal(work: Work, finding: Finding) -> str:
    """Finish a removal. A journal that cannot be read is moved: what it removed shows as rows without a clip."""
    try:
        remove_clips(work.tables, [])
    except Damaged:
        return put_aside(work, finding)
    return "the removal is finished"


def lost_weights(work: Work, finding: Finding) -> str:
    """Write the weights of a space again, where they ship with echodex."""
    space = next(space for space in list_spaces(work.tables) if space.name == finding.where)
    try:
        encoder = build(space.encoder, space.config, None)
    except EchodexError:
        return ""
    if digest_of(space.encoder, space.config, encoder.weights()) != space.digest:
        return ""
    with writer_lock(work.folder):
        path = weights_path(work.folder, space)
        if present(path):
            work.quarantine.move(path, finding.what)
        keep_weights(work.folder, space, encoder)
    return f"the weights of {space.name} are written again"
