"""A store that may only be read: it answers, and whoever wants to write is told so in one sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from echodex.api import Store
from echodex.errors import StorageError


@pytest.fixture(params=[errno.EACCES, errno.EROFS])
def sealed(kinds: Store, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store in which no file can be opened for writing, as on a disk that is mounted to be read."""
    opened = os.open

    def refuse(path: Any, flags: int, *others: Any, **named: Any) -> int:
        inside = isinstance(path, str | Path) and Path(path).is_relative_to(kinds.path)
        if inside and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(request.param, os.strerror(request.param), str(path))
        return opened(path, flags, *others, **named)

    monkeypatch.setattr(os, "open", refuse)
    yield kinds
    monkeypatch.undo()


def test_it_is_read(sealed: Store) -> None:
    ids = sealed.clips(["clip_id"]).column(0).to_pylist()
    assert len(ids) == sealed.status().clips == 72
    assert len(sealed.vectors()) == 72
    assert sealed.compact(dry_run=True).bytes_before > 0


@pytest.mark.parametrize(
    "write",
    [
        lambda store, clip: store.remove([clip]),
        lambda store, clip: store.decide("pin", clip),
        lambda store, clip: store.prune("random", duplicate_score=0, keep=0.5).save("lean"),
        lambda store, clip: store.compact(),
        lambda store, clip: store.relocate(Path(store.sources([clip])[0].path).parent, store.path.parent / "audio2"),
    ],
    ids=["remove", "decide", "prune", "compact", "relocate"],
)
def test_writing_is_refused_in_words(sealed: Store, write: Callable[[Store, str], object], tmp_path: Path) -> None:
    clip = sealed.clips(["clip_id"]).column(0).to_pylist()[0]
    audio = Path(sealed.sources([clip])[0].path).parent
    (tmp_path / "audio2").symlink_to(audio)
    with pytest.raises(StorageError, match=r"may only be read here .*, so nothing was changed") as told:
        write(sealed, clip)
    assert ".lock" not in str(told.value)
