"""The sound of a clip is that of the file that was added, or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.errors import BadInput, NotFound
from echodex.store.clip_audio import read_clip


def test_a_clip_is_read_as_it_was_added_and_no_other_file_in_its_place(
    store: Store, make_wav: Callable[..., Path]
) -> None:
    path = make_wav("a.wav", seconds=1.0)
    store.add(path)
    [clip] = store.sources(store.clips(["clip_id"]).column(0).to_pylist())
    assert np.array_equal(read_clip(clip, 8000), read_mono(path, 8000))
    part = read_mono(path, 8000, offset_s=0.25, duration_s=0.5)
    assert np.array_equal(read_clip(clip, 8000, from_s=0.25, seconds=0.5), part)
    make_wav("a.wav", seed=1, seconds=0.5)
    with pytest.raises(BadInput, match="has changed since it was added"):
        read_clip(clip, 8000)
    path.unlink()
    with pytest.raises(NotFound, match="is no longer where it was added"):
        read_clip(clip, 8000)
