from __future__ import annotations

from pathlib import Path

import pytest

from echodex.errors import BadInput, NotFound
from echodex.store.datasets.annotations import read_pairs, read_tagged
from echodex.store.datasets.base import Entry, find_file, find_folder, inside, make_listing
from tests.store.datasets.miniature import put

TAGS = ("rock", "slow", "loud")


def tagged(text: str, folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    (folder / "list.tsv").write_text(text)
    return list(read_tagged(folder / "list.tsv", TAGS))


def test_rows_become_names(tmp_path: Path) -> None:
    text = "2\t[0.0, 1.0, 1.0]\r\n\nTRA\t[0,0,0]\n"
    assert tagged(text, tmp_path) == [("2", ("slow", "loud")), ("TRA", ())]


@pytest.mark.parametrize(
    "line", ["2", "2\t", "\t[0,0,0]", "2\t[0,0]", "2\t[0,0,0,0]", "2\t[0,0,2]", "2\t[0,0,'a']", "2\t7", "2\t[[0],0,0]"]
)
def test_a_line_that_is_no_row_is_named(line: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"list\.tsv.*(2|line 2)"):
        tagged(f"1\t[1,0,0]\n{line}\n", tmp_path)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_bytes(b"\xff\xfe1\t2")
    with pytest.raises(BadInput, match="not UTF-8"):
        list(read_pairs(tmp_path / "list.tsv"))


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "a\\b", "", ".", "a\0b"])
def test_a_path_stays_below_its_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a path below a folder"):
        inside(path)
    with pytest.raises(BadInput, match="not a path below a folder"):
        make_listing("any", "one", tmp_path, [Entry((path,), "1")])


def test_of_several_places_the_first_that_is_there_counts(tmp_path: Path) -> None:
    put(tmp_path, {"a.wav": b"", "b.mp3": b"", "b.wav": b"", "c.mp3/in": b""})
    entries = [Entry((f"{name}.mp3", f"{name}.wav"), name, ("z", "y")) for name in "abcd"]
    listing = make_listing("any", "one", tmp_path, entries, classes=("z", "y"))
    assert [source.path for source in listing.sources] == [str(tmp_path / "a.wav"), str(tmp_path / "b.mp3")]
    assert listing.missing == ("c.mp3", "d.mp3")
    assert listing.sources[0].labels == ("y", "z")
    assert dict(listing.sources[0].extra) == {"dataset": "any", "dataset_id": "a", "dataset_split": "one"}
    assert listing.classes == ("z", "y")


def test_files_and_folders_are_looked_for_where_they_may_be(tmp_path: Path) -> None:
    put(tmp_path, {"downloads/list.tsv": b"", "in/list.tsv": b"", "deep/er/x.wav": b""})
    assert find_file(tmp_path, "list.tsv", ["in", ""]) == tmp_path / "in/list.tsv"
    assert find_file(tmp_path, "list.tsv", [""]) == tmp_path / "downloads/list.tsv"
    assert find_folder(tmp_path, ["no", "deep"], "*/*.wav") == tmp_path / "deep"
    with pytest.raises(NotFound, match=r"other\.tsv is in none of .*in, .*downloads; .*--download"):
        find_file(tmp_path, "other.tsv", ["in"])
    with pytest.raises(NotFound, match=r"there is no er in .*in; check --root"):
        find_folder(tmp_path, ["in"], "er")
