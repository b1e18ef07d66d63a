"""Which clips of a table have changed since a version of it."""

from __future__ import annotations

from .tables import Tables
from .where import above, is_in_parts


def changed_clips(tables: Tables, name: str, since: int) -> set[str] | None:
    """Return the clip ids of the rows inserted, updated or deleted since version `since` of table `name`.

    None where that version can no longer be read, so that nobody can tell. Compacting changes no row. Raises NotFound,
    Damaged.
    """
    dataset = tables.opened(name)
    if since == dataset.version:
        return set()
    if since > dataset.version or not tables.has_version(name, since):
        return None
    changed = tables.scan(
        name, ["clip_id"], where=above("_row_last_updated_at_version", since), version=dataset.version
    )
    found = set(changed.column(0).to_pylist())
    gone = dataset.delta(compared_against=since).get_deleted_row_ids().read_all().column(0).to_pylist()
    for rows in is_in_parts("_rowid", gone):
        found.update(tables.scan(name, ["clip_id"], where=rows, version=since).column(0).to_pylist())
    return found
