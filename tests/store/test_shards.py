"""How work is cut into shards, and what is said where a worker does not see what the driver sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import NotFound
from echodex.schemas.clip import Clip
from echodex.store.reading import Problem, why_unread
from echodex.store.shards import SHARDS_EACH, cut
from echodex.store.taking import check_seen


@given(n=st.integers(0, 2000), workers=st.integers(1, 40), least=st.integers(1, 32), more=st.integers(0, 500))
def test_shards_hold_everything_once_in_bounded_pieces(n: int, workers: int, least: int, more: int) -> None:
    pieces = list(cut(list(range(n)), workers, least + more, least))
    assert [item for piece in pieces for item in piece] == list(range(n))
    assert all(len(piece) <= least + more for piece in pieces)
    assert all(len(piece) >= least for piece in pieces[:-1])
    if n >= least * workers * SHARDS_EACH:
        assert len(pieces) >= workers * SHARDS_EACH


@pytest.fixture
def clip(make_wav: Callable[..., Path]) -> Clip:
    path = make_wav()
    found = path.stat()
    return Clip("a", str(path), 0.0, 0.5, found.st_mtime_ns, found.st_size)


def test_a_file_that_a_worker_alone_does_not_see_is_not_called_bad(clip: Clip) -> None:
    with pytest.raises(NotFound, match="every node must see the files"):
        check_seen([clip], [Problem(clip.path, "missing", "")])


def test_a_file_that_is_gone_for_all_is(clip: Clip) -> None:
    Path(clip.path).unlink()
    problem = why_unread(clip)
    assert problem is not None
    check_seen([clip], [problem, Problem(replace(clip, path="b").path, "unreadable", "")])
