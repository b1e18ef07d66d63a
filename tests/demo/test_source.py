"""Where the demo's audio comes from: made here, or a folder of the user's with or without labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from echodex.demo.source import given_source, made_source
from echodex.errors import NotFound
from echodex.progress import silent
from echodex.store.sources import LabelsFile, gather
from echodex.testing.corpus import dummy_corpus
from echodex.testing.files import write_audio
from echodex.testing.tones import tone


def test_a_made_corpus_knows_its_duplicates(tmp_path: Path) -> None:
    source = made_source(tmp_path, 40, 0, silent)
    assert source.folder == tmp_path / "corpus"
    assert source.labels_csv is not None
    assert source.planted


def test_a_folder_with_labels_keeps_them(tmp_path: Path) -> None:
    corpus = dummy_corpus(tmp_path / "mine", 4)
    source = given_source(corpus.folder, tmp_path)
    assert source.labels_csv == corpus.labels_csv
    assert source.planted is None


def test_subfolders_are_labels_where_there_is_no_labels_file(tmp_path: Path) -> None:
    mine, out = tmp_path / "mine", tmp_path / "out"
    out.mkdir()
    for name in ("cat/a.wav", "cat/deep/b.wav", "dog, the/c.wav", "loose.wav", "cat/notes.txt", ".hidden/d.wav"):
        write_audio((mine / name).with_suffix(".wav"), tone(440.0, 0.1, 8000), 8000)
    (mine / "cat/notes.wav").rename(mine / "cat/notes.txt")
    source = given_source(mine, out)
    assert source.labels_csv is not None
    found = list(gather([source.folder], LabelsFile(source.labels_csv).load()))
    assert {Path(s.path).relative_to(mine).as_posix(): s.labels for s in found} == {
        "cat/a.wav": ("cat",),
        "cat/deep/b.wav": ("cat",),
        "dog, the/c.wav": ("dog, the",),
        "loose.wav": (),
    }
    assert not (mine / "labels.csv").exists()


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    write_audio(tmp_path / "mine" / "a.wav", tone(440.0, 0.1, 8000), 8000)
    assert given_source(tmp_path / "mine", tmp_path).labels_csv is None


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        given_source(tmp_path / "nowhere", tmp_path)
