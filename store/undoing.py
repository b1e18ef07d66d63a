"""Taking views back: deleting versions that no run stands on, and undoing the last save."""

from __future__ import annotations

from ..errors import UsageError
from ..schemas.view import ViewInfo
from .dependants import check_free
from .tables import Tables
from .views import delete_view, find_view, list_views


def delete_named(tables: Tables, name: str) -> list[ViewInfo]:
    """Delete "lean@2", or every version of "lean"; return what was deleted.

    Raises UsageError where a run stands on one of them; nothing is deleted then.
    """
    newest = find_view(tables, name)
    doomed = [newest] if "@" in name else [info for info in list_views(tables) if info.name == newest.name]
    check_free(tables.folder, doomed)
    for info in doomed:
        delete_view(tables, info)
    return doomed


def undo_save(tables: Tables, name: str) -> ViewInfo | None:
    """Take back the last save of view `name`: delete its newest version; return the one it is again, if any.

    "lean@3" is taken back only while it is the newest. Raises NotFound for an unknown view, UsageError where a run
    stands on the version, or a newer one does.
    """
    newest = find_view(tables, name.partition("@")[0])
    last = f"{newest.name}@{newest.version}"
    if "@" in name and find_view(tables, name) != newest:
        raise UsageError(
            f"{name} is not the last save of its view, {last} is; `echodex views delete` takes any version"
        )
    delete_named(tables, last)
    return next((info for info in reversed(list_views(tables)) if info.name == newest.name), None)
