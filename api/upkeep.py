"""A store that is looked after: its room and its source files; `api.Store` is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..progress import Progress, silent
from .maps import MappedStore

if TYPE_CHECKING:
    from ..schemas.finding import CheckReport, RepairReport
    from ..store.compacting import CompactReport
    from ..store.relocating import RelocateReport


class KeptStore(MappedStore):
    """A store with the verbs that look after it."""

    def check(
        self, *, data: bool = False, sample: float = 1.0, sources: bool = False, progress: Progress = silent
    ) -> CheckReport:
        """Return what is wrong with the store: files that are missing or left over, keys that are there twice, rows
        without a clip, views, clusterings, indexes and runs that are not whole. Nothing is changed.

        data: also whether every row, blob, index and checkpoint is what was written. sample: of this share of the rows,
        other ones each day. sources: also whether the files of the clips are there, with data whether they hold what
        they held.
        """
        from .mending import check

        return check(self, data=data, sample=sample, sources=sources, progress=progress)

    def repair(self, *, dry_run: bool = False, progress: Progress = silent) -> RepairReport:
        """Mend what `check` of all data finds: caches are taken away, rows and files that are not what was written move
        to quarantine/, and so `add`, `embed` and the others make them again. Sound rows stay.

        dry_run: only say what would be done. Raises StoreLocked where another process is at work on the store.
        """
        from .mending import repair

        return repair(self, dry_run=dry_run, progress=progress)

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

    def relocate(
        self,
        old: str | Path,
        new: str | Path,
        *,
        verify: bool = False,
        dry_run: bool = False,
        progress: Progress = silent,
    ) -> RelocateReport:
        """Say of the files that were added from the folder (or file) `old` that they are at `new` now; return what came
        of each. Only a file that is the one that was added is taken for it.

        verify: compare bytes, also where size and time are what they were. dry_run: only look. See
        store/relocating.py.
        """
        from ..store.relocating import relocate

        return relocate(self.tables, old, new, verify=verify, dry_run=dry_run, progress=progress)
