"""What the routes of one running explorer share: the store, and what was read of it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from threading import Lock, Thread

import numpy as np
from numpy.typing import NDArray

from ...errors import EchodexError, NotFound, Stale
from ...indexing.index.build import shelf_of
from ...indexing.index.opened import open_index
from ...progress import Progress, silent
from ...schemas.manifest import CLIP
from ...schemas.vector import Space
from ...schemas.view import ALL, ViewInfo
from ...store.clusters import list_runs
from ...store.store import Store
from ...store.tables import Tables
from ..layout import METHODS, Layout, LayoutInfo, layout, layouts
from .clip_columns import clip_columns
from .clip_names import file_names, read_spans
from .jobs import Jobs
from .made_columns import cluster_columns, decision_columns, kept_of, view_columns
from .single import Single, once
from .snapshot import Snapshot, read_snapshot, state_of, versions_of
from .values import Column

Mask = NDArray[np.bool_]

SNAPSHOTS = 2
"""How many are kept: of the space that is looked at, and of the one before, or of the same before it changed."""
_LAST_S = 2.0
"""How long closing waits for what was read ahead."""
MASKS = 8
"""Views of which is kept whether they keep each clip: a byte a clip each."""
CHANGED = "the store has changed since the page was loaded; reload it"


class Seen:
    """A snapshot of a space, and what was read for its rows since."""

    def __init__(self, tables: Tables, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._tables = tables
        self._columns: Single[list[Column]] = Single()
        self.names = once(lambda: file_names(snapshot.column(tables, "uris")))
        """Reads the name of every clip's file, to look through."""
        self.spans = once(lambda: read_spans(tables, snapshot))
        """Reads which part of its file each clip is."""
        self._kept: Single[Mask] = Single(MASKS)
        self._layouts: dict[str, Layout] = {}
        self._mapping = Lock()

    def columns(self, store: Store) -> list[Column]:
        """Return the columns that there are now; what one holds is read when it is asked for, and kept."""
        tables, snapshot = self._tables, self.snapshot
        found = list(self._columns.get("clip", lambda: clip_columns(tables, snapshot)))
        for run in list_runs(tables, snapshot.space)[-1:]:
            found += self._columns.get(("run", run.run), partial(cluster_columns, tables, snapshot, run))
        for info in store.views():
            found += self._of_view(info)
        return found + decision_columns(snapshot, store.decisions())

    def column(self, store: Store, name: str) -> Column:
        """Return a column by its name. Raises NotFound."""
        found = next((column for column in self.columns(store) if column.name == name), None)
        if found is None:
            raise NotFound(
                f"column {name[:80]!r} does not exist in space {self.snapshot.space.name!r}; reload the page"
            )
        return found

    def kept(self, info: ViewInfo) -> Mask:
        """Return bool[n]: which clips a view keeps."""
        address = (info.name, info.version)
        return self._kept.get(address, lambda: kept_of(self._of_view(info)[0].make()))

    def layout(self, store: Store, method: str) -> Layout:
        """Return where clips lie by a method. Principal axes are fitted where that was never done; any other method is
        brought up to date. Raises NotFound where that has to be fitted first.
        """
        with self._mapping:
            if method not in self._layouts:
                known = [info.method for info in layouts(store, self.snapshot.space)]
                if method in METHODS and method not in (METHODS[0], *known):
                    raise NotFound(f"space {self.snapshot.space.name!r} has no map by {method} yet; make one first")
                self._layouts[method] = layout(store, self.snapshot.space, method)
            return self._layouts[method]

    def layouts(self, store: Store) -> list[LayoutInfo]:
        """Return what maps there are, by method."""
        found = {info.method: info for info in layouts(store, self.snapshot.space)}
        with self._mapping:
            return list((found | {method: made.info for method, made in self._layouts.items()}).values())

    def drawn(self, made: Layout) -> None:
        """Take a layout that was fitted just now."""
        with self._mapping:
            self._layouts[made.info.method] = made

    def _of_view(self, info: ViewInfo) -> list[Column]:
        address = (info.name, info.version)
        return self._columns.get(address, partial(view_columns, self._tables, self.snapshot, info))


class Session:
    """A store that is being looked at. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._seen: Single[Seen] = Single(SNAPSHOTS)
        self._opened: Single[bool] = Single(4 * SNAPSHOTS)
        self.jobs = Jobs()
        self._warming: Thread | None = None

    def state_of(self, space: Space) -> str:
        """Return what names a space as its tables are now."""
        return state_of(space, versions_of(self.store.tables, space))

    def seen(self, space: str | None = None, state: str | None = None) -> Seen:
        """Return a space (None: the newest) as it is now, read when it has changed since the last time.

        state: that of the page's rows. Raises Stale where they are of another, NotFound for an unknown space.
        """
        found = self.store.space(space)
        tables = self.store.tables
        versions = versions_of(tables, found)
        now = state_of(found, versions)
        if state is not None and state != now:
            raise Stale(CHANGED)
        return self._seen.get((found.name, now), lambda: Seen(tables, read_snapshot(tables, found, versions)))

    def warm(self, space: str | None = None) -> None:
        """Read what a page asks first, of a space (None: the newest), while nobody waits for it yet."""
        self._warming = Thread(target=self._warm, args=(space,), name="explorer-warming", daemon=True)
        self._warming.start()

    def _warm(self, space: str | None) -> None:
        with suppress(EchodexError):  # a store without vectors, or a damaged one: the page is told
            seen = self.seen(space)
            seen.columns(self.store)
            seen.layout(self.store, METHODS[0])
            if shelf_of(self.store, seen.snapshot.space).names():
                self.open_index(seen.snapshot)

    def close(self) -> None:
        """End what still works in the background."""
        self.jobs.close()
        if self._warming is not None:
            self._warming.join(_LAST_S)

    def open_index(self, snapshot: Snapshot, level: str = CLIP, progress: Progress = silent) -> None:
        """Open the index that a search of a space takes, or build it where there is none: once, however many ask.

        What is open is kept with the store. Opening is not made for threads, searching is.
        """

        def opened() -> bool:
            open_index(self.store, snapshot.space, level=level, progress=progress)
            return True

        self._opened.get((snapshot.space.name, level, snapshot.state), opened)

    def address(self, view: str) -> str:
        """Return "name@version" of a view, or "all". Raises NotFound for an unknown one."""
        if view == ALL:
            return ALL
        info = self.store.view(view)
        return f"{info.name}@{info.version}"

    def kept(self, seen: Seen, view: str) -> Mask:
        """Return bool[n]: which clips of a space a view keeps. Raises NotFound for an unknown view."""
        return seen.kept(self.store.view(view))

    def snapshot(self, space: str | None = None, state: str | None = None) -> Snapshot:
        """Return the clips of a space, numbered. Raises as `seen` does."""
        return self.seen(space, state).snapshot
