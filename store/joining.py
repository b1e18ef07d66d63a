"""Joining small fragments of a table into one: each commit leaves a fragment, and many of them are slow to read.

What a view holds is never joined, neither by the verbs that write nor by `compact`: it would be there twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .seals import broken_seals
from .tables import Tables
from .versions import Fragment, fragments_held, fragments_of, held_versions

JOINED_BYTES = 1 << 30
JOINED_ROWS = 1 << 20
"""No fragment is made larger: joining one takes seconds, and others who write wait as long."""
SMALL = 4
"""A fragment is joined with others while it is smaller than this fraction of what one may be."""
JOIN_ABOVE = 64
"""How many small fragments a table may have before whoever writes to it joins them."""


def join_small(tables: Tables, name: str) -> None:
    """Join the small fragments of table `name` that no tag holds, once there are many; the caller holds the lock.

    A table whose files are not what was written is left as it is: what they say would be all there is.
    """
    fragments = fragments_of(tables, name)
    if len(fragments) <= JOIN_ABOVE:
        return
    large = {one.id for one in fragments if not _is_small(one)}
    runs = runs_of(fragments, large | fragments_held(tables, name, held_versions(tables, name, ())))
    if sum(map(len, runs)) > JOIN_ABOVE and not broken_seals(tables.folder, name):
        for run in runs:
            tables.rewrite(name, [one.id for one in run])


def runs_of(fragments: Sequence[Fragment], spare: Collection[int]) -> list[list[Fragment]]:
    """Return which neighbouring fragments become one: small ones as many as fit, and each that has removed rows; none
    of those to `spare`.
    """
    runs: list[list[Fragment]] = [[]]
    for fragment in fragments:
        last = runs[-1]
        if fragment.id in spare or not (fragment.removed or _is_small(fragment)):
            runs.append([])
            continue
        bytes_, rows = sum(one.size_bytes for one in last), sum(one.rows for one in last)
        if last and (bytes_ + fragment.size_bytes > JOINED_BYTES or rows + fragment.rows > JOINED_ROWS):
            runs.append([])
        runs[-1].append(fragment)
    return [run for run in runs if len(run) > 1 or (run and run[0].removed)]


def _is_small(fragment: Fragment) -> bool:
    return fragment.size_bytes * SMALL < JOINED_BYTES and fragment.rows * SMALL < JOINED_ROWS
