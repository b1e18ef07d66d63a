from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.store.datasets.joined import Joined


def parts_in(folder: Path, contents: list[bytes]) -> list[Path]:
    paths = [folder / f"joined.{number}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@given(
    st.lists(st.binary(max_size=9), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 40), st.integers(-1, 40)), max_size=8),
)
def test_it_reads_like_the_files_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], reads: list[tuple[int, int]]
) -> None:
    whole = io.BytesIO(b"".join(contents))
    with io.BufferedReader(Joined(parts_in(tmp_path_factory.getbasetemp(), contents)), 4) as joined:
        for offset, size in reads:
            assert joined.seek(offset) == whole.seek(offset)
            assert joined.read(size) == whole.read(size)
        assert joined.seek(0, io.SEEK_END) == whole.seek(0, io.SEEK_END)


def test_it_moves_from_here_but_not_before_the_start(tmp_path: Path) -> None:
    with Joined(parts_in(tmp_path, [b"abc", b"", b"def"])) as joined:
        assert joined.read(2) == b"ab"
        assert joined.seek(2, io.SEEK_CUR) == 4
        assert joined.read() == b"ef"
        with pytest.raises(ValueError, match="before the start"):
            joined.seek(-1)
