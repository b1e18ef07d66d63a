"""A store looked over: every table by itself, what they say of each other, and the files beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...progress import Progress
from ...schemas.finding import Damage, Finding
from ..tables import Tables
from .clusters import cluster_findings
from .folder import folder_findings, lost_tables
from .links import link_findings
from .opened import Failed, tried
from .spaces import space_findings
from .table import Depth, Looked, look
from .views import view_findings


@dataclass(frozen=True)
class StoreLook:
    """findings: what is wrong with the tables and files of this room. tables: what looking at each came to, by name,
    for the rooms above, whose files are made from them.
    """

    findings: list[Finding]
    tables: dict[str, Looked]


def look_over(folder: Path, depth: Depth, progress: Progress) -> StoreLook:
    """Return what is wrong with the store at `folder`. Raises nothing for damage; OSError where it cannot be listed."""
    tables = Tables(folder)  # a new one: what others have in their caches is not what is on the disk
    names = tables.names()
    looked: dict[str, Looked] = {}
    for done, name in enumerate(names):
        progress("check", done, len(names))
        looked[name] = look(folder, name, depth)
    progress("check", len(names), len(names))
    findings = list(folder_findings(folder))
    findings += [_lost(name) for name in lost_tables(folder)]
    findings += [finding for found in looked.values() for finding in found.findings]
    findings += _all(link_findings(folder, names))
    findings += _all(view_findings(tables, looked, data=depth.data))
    findings += _all(cluster_findings(tables, looked, data=depth.data))
    findings += _all(space_findings(tables, names))
    return StoreLook(findings, looked)


def _lost(table: str) -> Finding:
    what = f"{table} was there, and is gone, or has lost the files that say what it holds"
    return Finding(Damage.LOST, table, what, "what is left of it is moved to quarantine/")


def _all(findings: Iterator[Finding]) -> list[Finding]:
    """Return all findings; where damage that is told elsewhere keeps some from being found, those before it."""
    found: list[Finding] = []
    while True:
        one = tried(partial(next, findings, None))
        if one is None or isinstance(one, Failed):
            return found
        found.append(one)
