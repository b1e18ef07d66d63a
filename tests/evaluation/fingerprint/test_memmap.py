from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from echodex.errors import BadInput, UsageError
from echodex.evaluation.fingerprint.layout import read_layout, read_matrix
from echodex.evaluation.fingerprint.memmap import Part, write_parts
from echodex.evaluation.fingerprint.pieces import Piece
from echodex.evaluation.fingerprint.songs import read_songs

Rows = Callable[..., NDArray[np.float32]]
MADE_BY = {"encoder": "0123", "space": "prints"}


@pytest.fixture
def pieces(random_rows: Rows) -> Callable[..., list[Piece]]:
    """Make clips of so many segments each, half a second apart."""

    def make(*counts: int, seed: int = 0) -> list[Piece]:
        return [
            Piece(
                f"/music/{number:02}.wav",
                f"id{number}",
                (np.arange(count) / 2).astype(np.float32),
                random_rows(count, seed + number),
            )
            for number, count in enumerate(counts)
        ]

    return make


def test_what_is_written_is_what_the_reader_reads(pieces: Callable[..., list[Piece]], tmp_path: Path) -> None:
    database, query, dummies = pieces(3, 1, 5), pieces(3, 1, 5, seed=50), pieces(4, seed=90)
    parts = write_parts(tmp_path / "new" / "101", {"dummy_db": dummies, "db": database, "query": query}, MADE_BY)
    assert parts == [Part("dummy_db", 1, 4, 16), Part("db", 3, 9, 16), Part("query", 3, 9, 16)]
    folder = tmp_path / "new" / "101"
    layout = read_layout(folder)
    for found, made in ((layout.database, database), (layout.query, query), (layout.dummies, dummies)):
        np.testing.assert_array_equal(found, np.concatenate([piece.vectors for piece in made]))
    assert (folder / "db.mm").stat().st_size == 9 * 16 * 4
    assert np.load(folder / "db_shape.npy").tolist() == [9, 16]
    assert not list(folder.glob(".*"))  # nothing is left behind


def test_which_row_is_what(pieces: Callable[..., list[Piece]], tmp_path: Path) -> None:
    write_parts(tmp_path, {"db": pieces(3, 1, 5)}, MADE_BY)
    songs = read_songs(str(tmp_path / "db_songs.csv"), 9)
    assert songs.names == ("/music/00.wav", "/music/01.wav", "/music/02.wav")
    assert songs.bounds.tolist() == [0, 3, 4, 9]
    rows = pq.read_table(tmp_path / "db_rows.parquet")
    assert rows.column("clip_id").to_pylist() == ["id0"] * 3 + ["id1"] + ["id2"] * 5
    assert rows.column("path").to_pylist()[3:5] == ["/music/01.wav", "/music/02.wav"]
    assert rows.column("segment").to_pylist() == [0, 1, 2, 0, 0, 1, 2, 3, 4]
    assert rows.column("start_s").to_pylist() == [0.0, 0.5, 1.0, 0.0, 0.0, 0.5, 1.0, 1.5, 2.0]
    assert rows.schema.metadata[b"echodex.encoder"] == b"0123"
    assert rows.schema.metadata[b"echodex.space"] == b"prints"


def test_a_folder_grows_but_nothing_is_written_over(pieces: Callable[..., list[Piece]], tmp_path: Path) -> None:
    write_parts(tmp_path, {"db": pieces(3, 2)}, MADE_BY)
    write_parts(tmp_path, {"query": pieces(3, 2, seed=9)}, MADE_BY)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=r"already holds db\.mm, which is not written over"):
        write_parts(tmp_path, {"dummy_db": pieces(4), "db": pieces(3, 2, seed=5)}, MADE_BY)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((3, 2), "/music/01.wav has 2 segments and /music/01.wav, in its place in db, 1"),
        ((3,), "query has 1 clips and db 2"),
    ],
)
def test_queries_that_do_not_lie_beside_the_database(
    pieces: Callable[..., list[Piece]], tmp_path: Path, counts: tuple[int, ...], told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        write_parts(tmp_path, {"db": pieces(3, 1), "query": pieces(*counts)}, MADE_BY)
    assert not list(tmp_path.iterdir())


def test_a_part_without_rows(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="custom_source would have no rows"):
        write_parts(tmp_path, {"custom_source": []}, MADE_BY)
    assert not list(tmp_path.iterdir())


def test_interrupted_it_leaves_nothing(pieces: Callable[..., list[Piece]], tmp_path: Path) -> None:
    def pressed() -> Iterator[Piece]:
        yield from pieces(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_parts(tmp_path, {"dummy_db": pieces(4), "db": pressed()}, MADE_BY)
    assert not list(tmp_path.iterdir())
    write_parts(tmp_path, {"db": pieces(3)}, MADE_BY)
    assert read_matrix(tmp_path, "db").shape == (3, 16)
