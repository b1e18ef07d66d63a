from __future__ import annotations

from pathlib import Path

import pytest

from echodex.api import Store
from echodex.errors import StorageError
from echodex.indexing.index.build import BuildConfig, draft_index, recipe_of
from echodex.store.files import storage_errors


def test_an_end_that_finds_no_room_is_an_error(kinds: Store) -> None:
    """FAISS writes through a buffer, and of the last of it only prints that it cannot be written."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    space = kinds.space()
    draft = draft_index(kinds, space, recipe_of(BuildConfig("flat"), 72, space.dim)[0])
    with pytest.raises(StorageError, match="the disk is full"), storage_errors(Path("/dev/full")):
        draft.write(Path("/dev/full"))
