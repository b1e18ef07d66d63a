"""A store that is looked after: its room and its source files; `api.Store` is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..progress import Progress, silent
from .maps import MappedStore

if TYPE_CHECKING:
    from ..store.compacting import CompactReport


class KeptStore(MappedStore):
    """A store with the verbs that look after it."""

    def compact(
        self, *, keep_days: float | None = None, dry_run: bool = False, progress: Progress = silent
    ) -> CompactReport:
        """Join small fragments, and take away the rows of removed clips, versions that nobody needs and what killed
        writers left; return what each table takes. What views, indexes, graphs, maps and clusterings stand on stays.

        keep_days: how long superseded versions stay; None: not at all where nobody else has the store open, else a
        day. dry_run: only say what would come of it. See store/compacting.py.
        """
        from ..explorer.layout import holds as of_maps
        from ..indexing.kept import holds as of_graphs
        from ..store.compacting import compact

        holds = [*of_graphs(self), *of_maps(self)]
        return compact(self.tables, holds, keep_days=keep_days, dry_run=dry_run, progress=progress)
