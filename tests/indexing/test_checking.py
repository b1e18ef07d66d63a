"""Checking indexes while others make spaces."""

from __future__ import annotations

from echodex.api import Store
from echodex.indexing.checking import index_findings
from echodex.store.checking.look import look_over
from echodex.store.checking.table import Depth


def test_a_space_that_came_after_the_look_at_the_tables_is_passed_over(kinds: Store) -> None:
    looked = look_over(kinds.path, Depth(), lambda *_: None).tables
    kinds.embed("timbre")
    kinds.build_index("flat", space="timbre")
    assert len(kinds.spaces()) == 2
    assert list(index_findings(kinds, looked, data=True)) == []
