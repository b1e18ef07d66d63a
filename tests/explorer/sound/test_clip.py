"""Finding the audio of a clip, and saying what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import BadInput, NotFound, Stale
from echodex.explorer.sound.clip import Sound, find_sound
from echodex.explorer.sound.file import file_bytes, played_type
from echodex.explorer.sound.pcm import shape_of
from echodex.explorer.sound.wav import wav_bytes
from echodex.schemas.clip import Source

from .conftest import music

MakeSound = Callable[..., Sound]


def test_a_file_that_is_gone_or_changed_is_said_to_be(store: Store, sound_of: MakeSound) -> None:
    sound = sound_of(music(0.5, 8_000, 1), 8_000)
    path, clip_id = Path(sound.clip.path), sound.clip.clip_id
    os.utime(path, ns=(1, 1))
    with pytest.raises(Stale, match="changed since it was added"):
        find_sound(store, clip_id)
    path.unlink()
    with pytest.raises(NotFound, match="no longer where it was added"):
        find_sound(store, clip_id)


def test_of_two_places_the_one_that_is_there_is_read(store: Store, sound_of: MakeSound, tmp_path: Path) -> None:
    sound = sound_of(music(0.5, 8_000, 1), 8_000)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(Path(sound.clip.path).read_bytes())
    store.add_sources([Source(str(copy))])
    Path(sound.clip.path).unlink()
    assert find_sound(store, sound.clip.clip_id).clip.path == str(copy)


def test_bad_files_and_unknown_ids_are_refused(store: Store, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no audio")
    store.add_sources([Source(str(bad))])
    (clip_id,) = store.tables.scan("clips", ["clip_id"]).column(0).to_pylist()
    with pytest.raises(BadInput, match="no audio to play"):
        find_sound(store, clip_id)
    for odd in ("", "\0", "\udcff", "' OR '1'='1", "x" * 10_000):
        with pytest.raises(NotFound):
            find_sound(store, odd)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.wav", "audio/wav"), ("a.flac", "audio/flac"), ("a.mp3", "audio/mpeg"), ("a.ogg", "audio/ogg")],
)
def test_whole_files_are_played_as_they_are(sound_of: MakeSound, name: str, kind: str) -> None:
    samples = music(2.0, 22_050, 1)
    sound = sound_of(samples, 22_050, name)
    assert played_type(sound) == kind
    content = Path(sound.clip.path).read_bytes()
    assert b"".join(file_bytes(sound, 0, len(content))) == content
    assert b"".join(file_bytes(sound, 100, 201)) == content[100:201]
    assert played_type(sound_of(samples, 22_050, name, offset_s=1.0)) is None


def test_a_file_that_is_replaced_while_it_is_asked_for_is_not_sent(sound_of: MakeSound) -> None:
    sound = sound_of(music(0.5, 8_000, 1), 8_000)
    Path(sound.clip.path).write_bytes(b"something else")
    with pytest.raises(Stale):
        file_bytes(sound, 0, 10)


def test_a_file_that_no_longer_decodes_fails_before_the_answer_begins(sound_of: MakeSound) -> None:
    sound = sound_of(music(0.5, 8_000, 1), 8_000)
    Path(sound.clip.path).write_bytes(b"something else")
    with pytest.raises(BadInput):
        wav_bytes(sound, 0, 10_000)
    Path(sound.clip.path).unlink()
    with pytest.raises(NotFound):
        wav_bytes(sound, 0, 10_000)


def test_length_is_known_without_decoding(sound_of: MakeSound) -> None:
    sound = sound_of(np.zeros((12_345, 2), np.float32) + music(1, 12_345, 2), 12_345)
    assert (sound.frames, sound.channels, sound.duration_s) == (12_345, 2, 1.0)
    assert shape_of(sound).frames == 12_345
