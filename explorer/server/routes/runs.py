"""Runs: what was trained from which view, how it went and what it came to; and what other processes do right now."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ....errors import Damaged, EchodexError
from ....evaluation.kept_tags import read_tags, tag_files
from ....evaluation.tag_report import TagReport
from ....schemas.plain import plain
from ....schemas.run import Run
from ....store.activity import running
from ....store.store import Store
from ....training.run import load_run, run_folder, run_names
from ....training.runlog import read_log
from ..session import Session


def router(session: Session) -> APIRouter:
    """Return /api/runs, /api/runs/{name} and /api/activity."""
    routes = APIRouter()
    store = session.store

    @routes.get("/api/runs")
    def _runs() -> dict[str, Any]:
        return _list(store)

    @routes.get("/api/runs/{name}")
    def _run(name: str) -> dict[str, Any]:
        run = load_run(store, name)
        log, why_no_log = _log(store, name)
        tags, why_not = _tags(store, name)
        return {
            "run": plain(run),
            "config": plain(run.config),
            "log": log,
            "tags": tags or None,
            "problems": [*why_no_log, *why_not],
        }

    @routes.get("/api/activity")
    def _activity() -> dict[str, Any]:
        return {"running": plain(running(store.path))}

    return routes


def _list(store: Store) -> dict[str, Any]:
    """Return the runs, oldest first; those that cannot be read stand apart and hide no other."""
    found, damaged = [], []
    for name in run_names(store):
        try:
            run = load_run(store, name)
        except EchodexError as error:
            damaged.append({"name": name, "error": _said(store, error)})
        else:
            found.append(run)
    found.sort(key=lambda run: (str(run.created_at), run.name))
    return {"runs": [_line(store, run) for run in found], "damaged": damaged}


def _line(store: Store, run: Run) -> dict[str, Any]:
    """Return what the list tells of a run: classes and epochs, how many."""
    told = {name: getattr(run, name) for name in ("name", "objective", "view", "space", "created_at", "metrics")}
    log, _ = _log(store, run.name)
    told |= {"finished": bool(run.metrics), "classes": len(run.classes), "epochs": len(log)}
    return {key: plain(value) for key, value in told.items()}


def _log(store: Store, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the figures of a run's epochs, and why there are none where they cannot be read."""
    try:
        return [plain(line) for line in read_log(run_folder(store, name)) if isinstance(line, dict)], []
    except (OSError, ValueError):
        return [], [f"the figures of the epochs of run {name!r} cannot be read"]


def _tags(store: Store, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the tables by tag of a run, one for each view and split that it was evaluated on, and what is damaged."""
    found, problems = [], []
    for path in tag_files(run_folder(store, name)):
        try:
            found.append(_table(read_tags(path)))
        except Damaged as error:
            problems.append(_said(store, error))
    return found, problems


def _table(report: TagReport) -> dict[str, Any]:
    """Return a table by tag with what it was measured on; the ends of an interval are named for their figure."""
    columns, rows = report.tag_table()
    figure, names = "", []
    for name in columns:
        figure = figure if name in ("low", "high") else name
        names.append(figure if name == figure else f"{figure} {name}")
    about = {name: getattr(report, name) for name in ("view", "split", "clips", "metrics", "note")}
    return {**plain(about), "rows": [dict(zip(names, plain(row), strict=True)) for row in rows]}


def _said(store: Store, error: EchodexError) -> str:
    """Return an error without the place of the store."""
    return str(error).replace(store.place, "the store")
