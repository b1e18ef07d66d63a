from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from echodex.errors import Stale
from echodex.indexing.index.sealed import BLOCK_BYTES, Sealed, seal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    content = np.random.default_rng(0).integers(0, 256, 5 * BLOCK_BYTES + 17, dtype=np.uint8)
    (tmp_path / "file").write_bytes(content.tobytes())
    return tmp_path / "file"


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(bytes(content))


def test_an_untouched_file_is_checked_part_by_part(path: Path) -> None:
    sealed = Sealed(path, seal(path))
    sealed.check(BLOCK_BYTES + 3, BLOCK_BYTES + 4)
    assert not sealed.whole
    sealed.check()
    assert sealed.whole


@pytest.mark.parametrize("at", [0, BLOCK_BYTES - 1, BLOCK_BYTES, 5 * BLOCK_BYTES + 16])
def test_a_flipped_bit_is_found_by_whoever_reads_its_block_and_by_nobody_else(path: Path, at: int) -> None:
    whole = seal(path)
    flip(path, at)
    block = at // BLOCK_BYTES
    sealed = Sealed(path, whole)
    for other in set(range(6)) - {block}:
        sealed.check(other * BLOCK_BYTES, other * BLOCK_BYTES + 1)
    with pytest.raises(Stale, match="not what was written"):
        sealed.check(at, at + 1)
    with pytest.raises(Stale):
        sealed.check()
    assert not sealed.whole


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, 5 * BLOCK_BYTES + 16, 5 * BLOCK_BYTES + 18])
def test_another_size_is_stale_at_once(path: Path, size: int) -> None:
    whole = seal(path)
    path.write_bytes((path.read_bytes() + b"x")[:size])
    with pytest.raises(Stale, match="size"):
        Sealed(path, whole)


def test_an_empty_file_is_whole(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    sealed = Sealed(tmp_path / "empty", seal(tmp_path / "empty"))
    sealed.check()
    assert sealed.whole


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        seal(tmp_path / "gone")
