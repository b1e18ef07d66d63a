from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.audio.tags import read_tags

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]

TAGS = {"title": "Ein Lied", "artist": "Björk & Ägir", "album": "日本", "track": "3"}


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.m4a", "aac"), ("a.mp3", "libmp3lame"), ("a.opus", "libopus"), ("a.webm", "libopus"), ("a.mka", "aac")],
)
def test_what_ffmpeg_writes_is_read(encode: Write, sound: Make, name: str, codec: str) -> None:
    path = encode(name, sound(0.5, 48_000), 48_000, codec, tags={**TAGS, "genre": "left out"})
    found = read_tags(path)
    found["track"] = found.pop("track", found.pop("part_number", "3"))  # Matroska has no track tag of that name
    assert found == TAGS


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_what_libsndfile_writes_is_read(tmp_path: Path, sound: Make, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with soundfile.SoundFile(path, "w", 44_100, 2) as file:
        file.title, file.artist, file.album = "Title", "Artist", "Album"
        file.write(sound(0.5, 44_100))
    assert read_tags(path) == {"title": "Title", "artist": "Artist", "album": "Album"}


def test_without_tags_there_are_none(write: Write, sound: Make) -> None:
    assert read_tags(write("a.wav", sound(0.5, 8000), 8000)) == {}


def test_long_values_are_shortened_and_nul_goes(encode: Write, sound: Make) -> None:
    path = encode("a.mp3", sound(0.5, 44_100), 44_100, "libmp3lame", tags={"title": "x" * 50_000})
    assert read_tags(path) == {"title": "x" * 1000}


def test_failures_give_no_tags(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    (tmp_path / "empty.mp3").write_bytes(b"")
    (tmp_path / "text.mp3").write_text("no audio at all " * 100)
    for path in (tmp_path, tmp_path / "missing.mp3", *tmp_path.iterdir()):
        assert read_tags(path) == {}
