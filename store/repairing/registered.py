"""Views and clustering runs that are not what was saved, and what is left of such that no registry names."""

from __future__ import annotations

from ...schemas.cluster import CLUSTER_RUNS
from ...schemas.finding import Finding
from ...schemas.view import VIEWS
from .. import clusters, views
from ..lock import writer_lock
from ..numbers import retire
from ..registries import registered
from ..remote.moving import present
from ..seals import Seals
from ..where import all_of, equals
from .rows import set_aside
from .work import Work


def lost_view(work: Work, finding: Finding) -> str:
    """Move the table of a view to the quarantine, with its row of the registry. Its number is not given again."""
    info = views.find_view(work.tables, finding.where)
    table = views.rows_table(info.name, info.version)
    where = all_of(equals("name", info.name), equals("version", info.version))
    with writer_lock(work.folder):
        entry = work.tables.scan(views.REGISTRY, VIEWS.names, where=where)
        place = work.quarantine.put(entry, f"{table}.registry", finding.what)
        retire(work.tables, views.kind_of(info.name), info.version)
        work.tables.delete(views.REGISTRY, str(where))
        move_table(work, table, finding.what)
        for base in info.bases:
            work.tables.untag(base.table, base.tag)
    return f"view {finding.where} moved to {place.rpartition('/')[0]}"


def lost_tag(work: Work, finding: Finding) -> str:
    """Put the tags of a view back that keep what it was made from."""
    info = views.find_view(work.tables, finding.where)
    with writer_lock(work.folder):
        for base in info.bases:
            work.tables.tag(base.table, base.tag, base.version)
    return f"the tags of view {finding.where} are back"


def left_over(work: Work, finding: Finding) -> str:
    """Take away what no registry names: the table of a view, the rows of a clustering run ("TABLE:RUN") or a tag
    ("TABLE:TAG"). What is registered by now was being saved when it was found, and stays.
    """
    table, of, name = finding.where.partition(":")
    with writer_lock(work.folder):
        saved = views.list_views(work.tables)
        if not of:
            known = table in {views.rows_table(info.name, info.version) for info in saved}
            return "" if known else move_table(work, table, finding.what)
        if table.startswith(clusters.PREFIX):
            runs = registered(work.tables, clusters.REGISTRY, CLUSTER_RUNS)
            known = (table.removeprefix(clusters.PREFIX), int(name)) in {(row["space"], row["run"]) for row in runs}
            return "" if known else _run_rows(work, table, int(name), finding.what)
        if (table, name) in {(base.table, base.tag) for info in saved for base in info.bases}:
            return ""
        work.tables.untag(table, name)
    return f"tag {name} of {table} is taken away"


def lost_clusters(work: Work, finding: Finding) -> str:
    """Move the rows of a clustering run to the quarantine, with its row of the registry."""
    space, _, number = finding.where.rpartition(":")
    where = all_of(equals("space", space), equals("run", int(number)))
    with writer_lock(work.folder):
        entry = work.tables.scan(clusters.REGISTRY, CLUSTER_RUNS.names, where=where)
        place = work.quarantine.put(entry, f"{clusters.PREFIX}{space}.registry", finding.what)
        retire(work.tables, clusters.PREFIX + space, int(number))
        work.tables.delete(clusters.REGISTRY, str(where))
        if work.tables.exists(clusters.PREFIX + space):
            _run_rows(work, clusters.PREFIX + space, int(number), finding.what)
    return f"clustering run {number} of {space} moved to {place.rpartition('/')[0]}"


def move_table(work: Work, table: str, why: str) -> str:
    """Move the folder of a table to the quarantine, and its seals; the caller holds the writer lock."""
    path = work.path(f"{table}.lance")
    place = work.quarantine.move(path, why) if present(path) else ""
    Seals(work.folder).forget(table)
    return f"{table} moved to {place}" if place else f"{table} is forgotten"


def _run_rows(work: Work, table: str, number: int, why: str) -> str:
    rows = work.tables.scan(table, ["run"], where=equals("run", number), row_ids=True)
    return set_aside(work, table, rows.column("_rowid").to_pylist(), why)
