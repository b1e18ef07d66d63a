from __future__ import annotations

import os
from pathlib import Path

import pytest

from echodex.errors import BadInput, NotFound
from echodex.schemas.clip import Source
from echodex.store.sources import LabelsFile, gather, linked, path_list, walk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "music"
    for name in ("b.wav", "a.FLAC", "deep/er/c.mp3", "notes.txt", "._b.wav", ".hidden/d.wav"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def names(folder: Path) -> list[str]:
    return [os.path.relpath(path, folder) for path in walk(folder)]


def test_a_folder_gives_its_audio_files_sorted_without_hidden_ones(folder: Path) -> None:
    assert names(folder) == ["a.FLAC", "b.wav", "deep/er/c.mp3"]


def test_links_loops_pipes_and_stores_are_passed_over(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.wav"
    outside.write_bytes(b"x")
    (folder / "link.wav").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.wav")
    (folder / "library").mkdir()
    (folder / "library" / "echodex.json").write_text("{}")
    (folder / "library" / "e.wav").write_bytes(b"x")
    assert names(folder) == ["a.FLAC", "b.wav", "deep/er/c.mp3"]


def test_labels_join_by_path_and_keep_the_rest(folder: Path) -> None:
    labels = folder / "labels.csv"
    labels.write_text("path,label,split,mood\nb.wav,rock;live,train,calm\na.FLAC,,test,\n")
    found = {Path(s.path).name: s for s in gather([folder], LabelsFile(labels).load())}
    assert found["b.wav"].labels == ("live", "rock")
    assert found["b.wav"].fields == (("split", "train"),)
    assert found["b.wav"].extra == (("mood", "calm"),)
    assert found["a.FLAC"].labels == ()
    assert found["c.mp3"] == Source(str(folder / "deep/er/c.mp3"))


def test_a_file_may_have_several_excerpts(folder: Path) -> None:
    labels = folder / "labels.csv"
    labels.write_text("path,offset_s,duration_s\nb.wav,0,1.5\nb.wav,1.5,\n")
    found = list(gather([], LabelsFile(labels).load()))
    assert [(s.offset_s, s.duration_s, s.is_excerpt) for s in found] == [(0.0, 1.5, True), (1.5, None, True)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("file,label\nb.wav,x\n", "no column 'path'"),
        ("path,label\n,x\n", "line 2"),
        ("path,label\nb.wav,x,y\n", "line 2"),
        ("path,offset_s\nb.wav,-1\n", "not a number of seconds"),
        ("path,duration_s\nb.wav,long\n", "not a number of seconds"),
    ],
)
def test_a_labels_file_that_is_off_says_where(folder: Path, content: str, said: str) -> None:
    labels = folder / "labels.csv"
    labels.write_text(content)
    with pytest.raises(BadInput, match=said):
        LabelsFile(labels).load()


def test_a_label_column_that_is_not_there_is_named(folder: Path) -> None:
    labels = folder / "labels.csv"
    labels.write_text("path,digit\nb.wav,7\n")
    with pytest.raises(BadInput, match="'genre'"):
        LabelsFile(labels, "genre").load()
    assert LabelsFile(labels, "digit").load().by_path[str(folder / "b.wav")][0].labels == ("7",)


def test_what_does_not_exist_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        list(gather([tmp_path / "nowhere"]))
    with pytest.raises(NotFound, match="labels file"):
        LabelsFile(tmp_path / "none.csv").load()


def test_a_list_of_paths_keeps_spaces_and_drops_empty_lines() -> None:
    assert path_list([b"a b.wav\n", b"\n", b" c.wav \r\n"]) == ["a b.wav", " c.wav "]


def test_a_list_of_paths_in_any_bytes(tmp_path: Path) -> None:
    names = [b"caf\xe9.wav", "\u2028 \x85.wav".encode()]  # Latin-1, and what Unicode takes for ends of lines
    for name in names:
        Path(os.fsdecode(tmp_path), os.fsdecode(name)).touch()
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf" + b"\n".join(names) + b"\n")
    with (tmp_path / "list.txt").open("rb") as lines:
        found = path_list(lines)
    assert all((tmp_path / name).is_file() for name in found)
    assert len(found) == 2
    with pytest.raises(BadInput, match="save it as UTF-8"):
        path_list("a.wav\n".encode("utf-16").splitlines(keepends=True))


def test_links_are_followed_to_what_lies_inside_and_into_no_folder_twice(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(b"RIFF")
    inner = folder / "inner"
    inner.mkdir()
    (inner / "in.wav").write_bytes(b"RIFF")
    before = linked([folder])
    (folder / "loop").symlink_to(folder)
    (inner / "up").symlink_to("..")
    (folder / "out").symlink_to(outside)
    (folder / "out.wav").symlink_to(outside / "secret.wav")
    (folder / "nowhere.wav").symlink_to(folder / "not there")
    (folder / "round.wav").symlink_to(folder / "round.wav")
    assert linked([folder]) == before
    (folder / "zz.wav").symlink_to(inner / "in.wav")
    assert set(linked([folder])) - set(before) == {str(folder / "zz.wav")}
    assert {Path(file).name for file in linked([folder, outside])} >= {"secret.wav", "out.wav"}
    assert str(folder / "zz.wav") not in [source.path for source in gather([folder])]


def test_a_folder_too_deep_to_be_named_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    root = tmp_path / "music"
    root.mkdir()
    (root / "z.wav").write_bytes(b"RIFF")
    within = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=within)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=within)
        os.close(within)
        within = deeper
    os.close(within)
    *_, deepest, other = walk(root)
    assert len(deepest) > 4096
    assert other == str(root / "z.wav")
