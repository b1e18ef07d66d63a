"""Which repair is for which damage, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...schemas.finding import Damage, Finding
from .folder import broken_marker, lost_weights, orphan_files, put_aside, swept, unfinished_removal
from .registered import left_over, lost_clusters, lost_tag, lost_view
from .rows import changed_blobs, changed_rows, doubled_rows, rows_without_clip
from .salvage import lost_table, unreadable_table
from .sealed import broken_file
from .tags import unreadable_tags
from .work import Work

Repair = Callable[[Work, Finding], str]
"""Mends what a finding tells of and returns what it did, "" where it can do nothing."""

STEPS: Sequence[Mapping[Damage, Repair]] = (
    {Damage.MARKER: broken_marker, Damage.SEAL: broken_file},
    {Damage.TABLE: unreadable_table, Damage.LOST: lost_table, Damage.TAG: unreadable_tags},
    {Damage.ROW: changed_rows, Damage.BLOB: changed_blobs, Damage.DOUBLE: doubled_rows},
    {Damage.JOURNAL: unfinished_removal, Damage.ORPHAN_ROWS: rows_without_clip},
    {
        Damage.VIEW: lost_view,
        Damage.VIEW_BASE: lost_view,
        Damage.VIEW_TAG: lost_tag,
        Damage.CLUSTERS: lost_clusters,
        Damage.LEFT: left_over,
    },
    {
        Damage.WEIGHTS: lost_weights,
        Damage.DATASET: put_aside,
        Damage.RUN: put_aside,
        Damage.ORPHAN_FILE: orphan_files,
        Damage.TORN: swept,
    },
)
"""What is damaged in one step can be the consequence of what is in a step before it: those are made first, and what is
damaged is then told anew.
"""
