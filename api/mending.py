"""Checking and repairing a store: what each room finds in its own files, gathered, and mended step by step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ..errors import StorageError, StoreLocked, UsageError
from ..explorer.layout.checking import map_findings
from ..indexing.checking import drop_cache, index_findings
from ..progress import Progress, silent
from ..schemas.finding import CheckReport, Damage, Finding, Mended, RepairReport
from ..schemas.format import MARKER
from ..store.activity import running
from ..store.checking.look import look_over
from ..store.checking.sampling import Sample
from ..store.checking.table import Depth
from ..store.files import is_disk_full
from ..store.lock import writer_lock
from ..store.remote.address import is_uri
from ..store.repairing.folder import refuse_newer
from ..store.repairing.mend import STEPS, Repair
from ..store.repairing.quarantine import Quarantine
from ..store.repairing.work import Work
from ..training.checking import run_findings

if TYPE_CHECKING:
    from ..store.store import Store

_LOOKS = 3
"""How often a store is looked at again in which something was found while others wrote to it."""
_WRITTEN = ("*.lance/_versions", "*.lance/_refs/tags", "indexes/*", "indexes/*/*", "maps/*", "runs/*")
_ROUNDS = 12
"""Repairs are made at most this often; each round mends one step, and leaves fewer to come."""


def check(
    store: Store, *, data: bool = False, sample: float = 1.0, sources: bool = False, progress: Progress = silent
) -> CheckReport:
    """Return what is wrong with a store; see api.upkeep."""
    if not 0 < sample <= 1:
        raise UsageError(f"a sample is a share above 0, up to 1, not {sample}")
    depth = Depth(data, Sample.of(sample))
    state = _state(store)
    findings, rows = _look(store, depth, progress)
    for _ in range(_LOOKS):
        before, state = state, _state(store)
        if not findings or state == before:
            break  # what was found was so all the time that it took to find it
        again, rows = _look(store, depth, progress)
        lasting = {(one.kind, one.where) for one in findings}
        findings = [one for one in again if (one.kind, one.where) in lasting]
    findings = _left(store, findings)
    if sources:
        from ..store.checking_sources import source_findings

        findings += source_findings(store.tables, verify=data, progress=progress)
    return CheckReport(store.place, tuple(findings), rows)


def repair(store: Store, *, dry_run: bool = False, progress: Progress = silent) -> RepairReport:
    """Mend what a check of all data finds; see api.upkeep."""
    others = [one for one in running(store.path) if one.pid != os.getpid()]
    if others and not dry_run:
        raise StoreLocked(
            f"{others[0].verb!r} (process {others[0].pid}) is at work on {store.place}; repair once it is done"
        )
    refuse_newer(store.path / MARKER)
    if not dry_run:
        with writer_lock(store.path):  # one that may not be written to is told of now
            pass
    work = Work(type(store)(store.place).tables, Quarantine(store.path))
    caches: dict[Damage, Repair] = dict.fromkeys((Damage.INDEX, Damage.STALE), partial(_dropped, store))
    steps = [*STEPS, caches]
    mended: list[Mended] = []
    report = check(store, data=True, progress=progress)
    if dry_run:
        able = {kind for step in steps for kind in step}
        would = [Mended(one, one.remedy) for one in report.findings if one.kind in able and one.remedy]
        left = [one for one in report.findings if one.kind not in able or not one.remedy]
        return RepairReport(store.place, tuple(would), tuple(left), "")
    for _ in range(_ROUNDS):
        did = _first_step(work, steps, report.findings)
        if not did:
            break
        mended += did
        report = check(store, data=True, progress=progress)
    place = str(work.quarantine.folder) if work.quarantine.used else ""
    return RepairReport(store.place, tuple(mended), report.findings, place)


def _look(store: Store, depth: Depth, progress: Progress) -> tuple[list[Finding], dict[str, int]]:
    """Return what every room finds, and how many rows were read of each table."""
    store = type(store)(store.place)  # a new one: what this one has in its caches is not what is on the disk
    look = look_over(store.path, depth, progress)
    findings = [*look.findings, *index_findings(store, look.tables, data=depth.data), *map_findings(store)]
    findings += run_findings(store, data=depth.data)
    return findings, {name: found.read[found.newest].rows for name, found in look.tables.items() if found.read}


def _left(store: Store, findings: list[Finding]) -> list[Finding]:
    """Return findings without the left-overs that a writer was about to name: those are gone when nobody commits."""
    if not any(one.kind == Damage.LEFT for one in findings):
        return findings
    try:
        with writer_lock(store.path):
            again, _ = _look(store, Depth(data=False), silent)
    except (StorageError, StoreLocked):  # it may only be read here, or somebody holds it for long
        return findings
    there = {one.where for one in again if one.kind == Damage.LEFT}
    return [one for one in findings if one.kind != Damage.LEFT or one.where in there]


def _state(store: Store) -> dict[str, int]:
    """Return what changes whenever somebody writes to a store: when its folders last did, or of one on object storage,
    which has none, the versions of its tables.
    """
    folder, found = store.path, {}
    if is_uri(store.place):
        return {name: store.tables.version(name) for name in store.tables.names()}
    for path in [folder, *(path for pattern in _WRITTEN for path in folder.glob(pattern))]:
        with suppress(FileNotFoundError):
            found[str(path)] = path.stat().st_mtime_ns
    return found


def _first_step(work: Work, steps: list[Mapping[Damage, Repair]], findings: tuple[Finding, ...]) -> list[Mended]:
    """Make the repairs of the first step in which one of them does something; return what they did."""
    for step in steps:
        did = []
        for finding in {(one.kind, one.where): one for one in findings if one.kind in step}.values():
            said = _mended(step[finding.kind], work, finding)
            if said:
                did.append(Mended(finding, said))
        if did:
            return did
    return []


def _mended(work_on: Repair, work: Work, finding: Finding) -> str:
    """Return what a repair did, "" where damage that is still to be mended keeps it from doing anything.

    Raises StorageError where the disk is full.
    """
    try:
        return work_on(work, finding)
    except StorageError as error:
        if is_disk_full(error.__cause__ or error):
            raise
        return ""
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # Lance panics on damaged files, which is no Exception
        return ""


def _dropped(store: Store, _: Work, finding: Finding) -> str:
    return drop_cache(store, finding.where)
