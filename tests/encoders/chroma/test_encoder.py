from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from echodex.audio.clip import read_mono
from echodex.encoders import registry
from echodex.encoders.base import Encoder, Fittable, digest
from echodex.encoders.chroma import Chroma
from echodex.encoders.chroma.fit import DIM
from echodex.encoders.chroma.follow import RAW
from echodex.errors import BadInput
from echodex.schemas.vector import Float32
from echodex.testing.melodies import Melody, draw_melody, rendition
from echodex.testing.music.works import draw_work
from echodex.testing.recordings import INSTRUMENTS

RATE = 8000


def play(melody: Melody, up: float = 0.0, tempo: float = 1.0) -> Float32:
    """Return 10 s of a melody in the key `up` semitones above A3, on the same clarinet each time."""
    voice = INSTRUMENTS["clarinet"](np.random.default_rng(5))
    played = rendition(melody, voice, 220 * 2 ** (up / 12), 130 * tempo)
    return played.render(10.0, RATE, np.random.default_rng(6))


def vectors(chroma: Chroma, waveforms: list[Float32]) -> Float32:
    return np.concatenate([segments.vectors for segments in chroma.encode(waveforms)])


@pytest.fixture(scope="module")
def chroma() -> Chroma:
    return Chroma.build({}, None)


@pytest.fixture(scope="module")
def melodies() -> list[Melody]:
    return [draw_melody(np.random.default_rng([1, i]), 24) for i in range(6)]


@pytest.fixture(scope="module")
def clips() -> list[Float32]:
    return [draw_work(rng, 3.0).play(rng, RATE, 3.0) for rng in (np.random.default_rng([2, i]) for i in range(7))]


def test_it_is_registered_and_fittable(chroma: Chroma) -> None:
    built: Encoder = registry.build("chroma")
    assert isinstance(built, Chroma)
    assert isinstance(built, Fittable)
    assert (built.name, built.dim, built.config.sample_rate_hz) == ("chroma", DIM, RATE)
    assert digest(built) == digest(chroma)


def test_a_clip_is_one_segment_of_unit_length(chroma: Chroma, clips: list[Float32]) -> None:
    encoded = chroma.encode(clips)
    assert len(encoded) == len(clips)
    for segments in encoded:
        assert segments.vectors.shape == (1, DIM)
        assert segments.vectors.dtype == segments.start_s.dtype == np.float32
        assert segments.start_s.tolist() == [0.0]
        assert np.linalg.norm(segments.vectors) == pytest.approx(1, abs=1e-5)
    assert chroma.encode([]) == []


def test_a_vector_does_not_depend_on_its_batch_or_on_threads_to_the_bit(chroma: Chroma, clips: list[Float32]) -> None:
    together = vectors(chroma, clips)
    with threadpool_limits(1):
        backwards = vectors(chroma, clips[::-1])[::-1]
    np.testing.assert_array_equal(together, backwards)
    for clip, vector in zip(clips, together, strict=True):
        np.testing.assert_array_equal(vectors(chroma, [clip])[0], vector)


@pytest.mark.parametrize("up", [-5, -2, 1, 3, 6])
def test_in_another_key_it_is_still_nearest_by_far(chroma: Chroma, melodies: list[Melody], up: int) -> None:
    before = vectors(chroma, [play(melody) for melody in melodies[:3]])
    after = vectors(chroma, [play(melody, up) for melody in melodies[:3]])
    scores = after @ before.T
    assert scores.diagonal().min() > 0.6
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("cents", [-40, 25])
def test_another_tuning_hardly_moves_a_vector(chroma: Chroma, melodies: list[Melody], cents: int) -> None:
    before, after = vectors(chroma, [play(melodies[0]), play(melodies[0], cents / 100)])
    assert before @ after > 0.85


@pytest.mark.parametrize("tempo", [0.85, 1.15])
def test_at_another_speed_in_another_key_it_is_nearer_than_other_melodies(
    chroma: Chroma, melodies: list[Melody], tempo: float
) -> None:
    """All are lines in one major scale, which is as alike as works get; one of the six may be taken for another."""
    before = vectors(chroma, [play(melody) for melody in melodies])
    after = vectors(chroma, [play(melody, 3, tempo) for melody in melodies])
    scores = after @ before.T
    assert (scores.argmax(axis=1) == np.arange(len(melodies))).sum() >= len(melodies) - 1
    assert scores.diagonal().min() > 0.5


def test_level_and_silence_around_hardly_move_a_vector(chroma: Chroma, melodies: list[Melody]) -> None:
    clip = play(melodies[1])
    silence = np.zeros(RATE, np.float32)
    before, quiet, padded = vectors(chroma, [clip, np.float32(0.01) * clip, np.concatenate([silence, clip, silence])])
    assert before @ quiet > 0.999
    assert before @ padded > 0.97


@pytest.mark.parametrize("count", [1, 400, 8000])
def test_what_is_short_silent_or_without_notes_has_a_vector(chroma: Chroma, count: int) -> None:
    noise = np.random.default_rng(0).standard_normal(count)
    for waveform in (np.zeros(count), np.ones(count), np.sin(np.arange(count) / 3), noise, 1e-6 * noise):
        (segments,) = chroma.encode([waveform.astype(np.float32)])
        assert np.isfinite(segments.vectors).all()
        assert np.linalg.norm(segments.vectors) == pytest.approx(1, abs=1e-5)


def test_a_fit_makes_another_space_that_comes_back_from_its_weights(chroma: Chroma) -> None:
    raw = np.random.default_rng(0).standard_normal((chroma.fit_min_clips, RAW)).astype(np.float32)
    fitted = chroma.fit(raw)
    assert digest(fitted) != digest(chroma)
    rebuilt = Chroma.build({"sample_rate_hz": RATE, "version": 1}, fitted.weights())
    assert digest(rebuilt) == digest(fitted)
    np.testing.assert_array_equal(rebuilt.project(raw[:5]), fitted.project(raw[:5]))


def test_what_does_not_fit_is_refused_by_name(chroma: Chroma) -> None:
    with pytest.raises(BadInput, match="128 clips or more, not 127"):
        chroma.fit(np.zeros((127, RAW), np.float32))
    with pytest.raises(BadInput, match="8000 Hz only"):
        Chroma.build({"sample_rate_hz": 16_000}, None)
    with pytest.raises(BadInput, match="bins"):
        Chroma.build({"bins": 12}, None)
    with pytest.raises(BadInput, match="mean"):
        Chroma.build({}, {"kernel": np.zeros(3, np.float32)})


@pytest.mark.slow
def test_versions_of_a_work_are_found_among_others(chroma: Chroma, shared_data: Path) -> None:
    """Queries are the originals; a store's own fit, as `embed` makes it."""
    folder = shared_data / "versions"
    with (folder / "works.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    raw = chroma.describe([read_mono(folder / row["path"], RATE) for row in rows])
    works = np.array([row["work"] for row in rows])
    for encoder, least in ((chroma, 0.83), (chroma.fit(raw), 0.95)):
        found = encoder.project(raw)
        precisions = []
        for query in np.flatnonzero([row["rendition"] == "orig" for row in rows]):
            scores = found @ found[query]
            scores[query] = -np.inf
            relevant = np.flatnonzero(works[np.argsort(-scores)[:-1]] == works[query])
            precisions.append(np.mean(np.arange(1, len(relevant) + 1) / (relevant + 1)))
        assert np.mean(precisions) > least
