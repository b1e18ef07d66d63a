"""Clips by the path that they were added from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.indexing.places import clip_of, clips_at
from echodex.schemas.clip import Source

MakeWav = Callable[..., Path]


def test_a_file_is_found_wherever_it_was_seen_and_known_to_be_unchanged(store: Store, make_wav: MakeWav) -> None:
    path = make_wav('it\'s a "tone"; %.wav')
    copy = path.with_name("copy.wav")
    copy.write_bytes(path.read_bytes())
    store.add(path, copy)
    [place] = clips_at(store, path)
    assert clips_at(store, copy) == [place]
    assert clips_at(store, os.path.relpath(path)) == [place]
    assert (place.excerpt, place.unchanged) == (False, True)
    os.utime(copy, ns=(1, 1))
    assert not clips_at(store, copy)[0].unchanged
    path.unlink()
    assert not clips_at(store, path)[0].unchanged


@pytest.mark.parametrize("name", ["nowhere.wav", "with\0nul", "caf\udce9.wav", "' OR '1'='1", ""])
def test_nothing_is_found_where_nothing_was_added(kinds: Store, name: str) -> None:
    assert clips_at(kinds, name) == []
    with pytest.raises(NotFound):
        clip_of(kinds, name)


def test_a_clip_goes_by_its_id_or_its_only_file(store: Store, make_wav: MakeWav) -> None:
    path = make_wav()
    store.add(path)
    [clip] = store.clips(["clip_id"]).column(0).to_pylist()
    assert clip_of(store, clip) == clip_of(store, path) == clip_of(store, str(path)) == clip
    store.add_sources([Source(str(path), offset_s=0.1)])
    assert sorted(place.excerpt for place in clips_at(store, path)) == [False, True]
    with pytest.raises(UsageError, match="2 clips"):
        clip_of(store, path)
    assert clip_of(store, clip) == clip
