"""Vectors from frames: near those from audio, for clips that have none, never from frames of another kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.cli import cli
from echodex.encoders.versions.config import VersionsConfig
from echodex.encoders.versions.encoder import Versions
from echodex.encoders.versions.network import build_network
from echodex.errors import BadInput, NotFound, UsageError
from echodex.progress import silent
from echodex.schemas.clip import Clip
from echodex.store.frames.compute import compute_frames
from echodex.store.frames.embedding import embed_frames
from echodex.store.frames.layout import FrameLayout
from echodex.store.frames.table import open_frames
from echodex.store.frames.writing import write_frames
from tests.store.features.cqt.miniature import transform, write_mm
from tests.store.frames.test_compute import tones

CONFIG = VersionsConfig(segment_s=2.0, hop_s=1.0, stem=4, widths="4,4", blocks="1,1", dim=8)


@pytest.fixture(scope="module")
def encoder() -> Versions:
    state = build_network(CONFIG, seed=0).state_dict()
    return Versions(CONFIG, {name: array.numpy() for name, array in state.items()}, device="cpu")


def ids(store: Store) -> list[str]:
    found: list[str] = store.clips(["clip_id"]).column(0).to_pylist()
    return found


def read(clip: Clip) -> np.ndarray:
    return read_mono(clip.path, 16_000)


def test_vectors_are_near_those_from_audio(store: Store, tmp_path: Path, encoder: Versions) -> None:
    store.add(*[tones(tmp_path / f"{seed}.wav", 4.5, seed) for seed in range(3)])
    compute_frames(store, progress=silent)
    heard = [encoder.encode([waveform])[0] for waveform in map(read, store.sources(ids(store)))]
    report = embed_frames(store, encoder, "cqt", progress=silent)
    assert (report.embedded, report.known, report.without_frames, report.problems) == (3, 0, 0, [])
    clip_ids, starts_s, matrix = store.segments(report.space.name, ids(store))
    assert clip_ids == [clip_id for clip_id in ids(store) for _ in range(4)]
    np.testing.assert_allclose(starts_s.reshape(3, 4), [[0, 1, 2, 3]] * 3)
    own = np.concatenate([segments.vectors for segments in heard])
    cosines = (own * matrix).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(matrix, axis=1)
    inner = np.arange(len(own)) % 4 != 3  # the last segment begins the clip again
    assert cosines[inner].min() > 0.97
    again = store.embed_with(encoder)
    assert (again.space, again.known) == (report.space, 3)


def test_clips_without_audio_have_vectors_and_those_without_frames_are_counted(
    store: Store, tmp_path: Path, encoder: Versions
) -> None:
    values = {f"ab{number}": transform(number, 300) for number in range(3)}
    for identity, found in values.items():
        write_mm(tmp_path / "mm", identity, found)
    store.add_features("cqt", tmp_path / "mm")
    store.add(tones(tmp_path / "a.wav", 3.0, 1))
    one = ids(store)[0]
    first = embed_frames(store, encoder, "cqt", where=f"clip_id = '{one}'", progress=silent)
    report = embed_frames(store, encoder, "cqt", progress=silent)
    assert (first.embedded + report.embedded, report.known, report.without_frames) == (3, first.embedded, 1)
    made = [clip for clip in ids(store) if clip in store.vectors(report.space.name).clip_ids]
    frames = open_frames(store, "cqt", made)
    clip_ids, _, matrix = store.segments(report.space.name, made)
    expected = encoder.encode_frames([frames.read(row, 0, 10_000).T for row in range(3)])
    np.testing.assert_array_equal(matrix, np.concatenate([segments.vectors for segments in expected]))
    assert clip_ids == [clip for clip, parts in zip(made, expected, strict=True) for _ in parts.start_s]


def test_frames_that_do_not_fit_are_refused(store: Store, tmp_path: Path, encoder: Versions) -> None:
    store.add(tones(tmp_path / "a.wav", 3.0, 1))
    with pytest.raises(NotFound, match=r"none of 1 clips has frames called 'cqt'.*materialise --features cqt"):
        embed_frames(store, encoder, "cqt", progress=silent)
    for name, layout in (("fine", FrameLayout(hop_s=0.02)), ("high", FrameLayout(f_min=65.4))):
        write_frames(store, name, layout, [(ids(store)[0], np.ones((50, 84)))], progress=silent)
        with pytest.raises(BadInput, match="but the encoder takes frames of"):
            embed_frames(store, encoder, name, progress=silent)
    with pytest.raises(UsageError, match="'dummy' takes audio alone"):
        store.embed("dummy", frames="cqt")
    assert store.spaces() == []


def test_without_audio_the_way_that_is_left_is_said(store: Store, tmp_path: Path, encoder: Versions) -> None:
    store.add_features("cqt", write_mm(tmp_path, "abc", transform(0)))
    with pytest.raises(BadInput, match=r"none of 1 clips of .* has audio, .*`--frames cqt`"):
        store.embed_with(encoder)
    with pytest.raises(BadInput, match=r"has audio, which this encoder takes$"):
        store.embed("dummy")


def test_the_command_says_how_many_have_none(store: Store, tmp_path: Path, encoder: Versions) -> None:
    store.add(*[tones(tmp_path / f"{seed}.wav", 3.0, seed) for seed in range(3)])
    compute_frames(store, where=f"clip_id != '{ids(store)[0]}'", progress=silent)
    save_file(encoder.weights(), tmp_path / "tiny.safetensors")
    sets = [f"{name}={getattr(CONFIG, name)}" for name in ("segment_s", "hop_s", "stem", "widths", "blocks", "dim")]
    asked = ["embed", "versions", "--checkpoint", str(tmp_path / "tiny.safetensors"), "--frames", "cqt"]
    done = CliRunner().invoke(
        cli, ["--store", str(store.path), "--quiet", *asked, *(part for said in sets for part in ("--set", said))]
    )
    assert done.exit_code == 0, done.output
    assert "embedded 2 clips, 0 known\n1 clips have no frames of that name\n" in done.stdout
