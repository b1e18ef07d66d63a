from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from echodex.audio.clip import read_mono
from echodex.encoders import registry
from echodex.encoders.base import Encoder, Fittable, digest
from echodex.encoders.timbre import DIM, SHIPPED, Timbre
from echodex.encoders.timbre_features import RAW
from echodex.errors import BadInput
from echodex.schemas.vector import Float32
from echodex.testing.alter import add_noise
from echodex.testing.make_timbre_fit import draw_scene


def clips(count: int, seconds: float = 1.0) -> list[Float32]:
    scenes = (draw_scene(np.random.default_rng([7, i])) for i in range(count))
    return [np.resize(scene, int(seconds * 16_000)).astype(np.float32) for scene in scenes]


@pytest.fixture(scope="module")
def timbre() -> Timbre:
    return Timbre.build({}, None)


@pytest.fixture(scope="module")
def raw(timbre: Timbre) -> Float32:
    """Statistics of 40 clips, and 500 rows near them: as many as a fit needs, at little cost."""
    few = timbre.describe(clips(40, 0.5))
    random = np.random.default_rng(0)
    near = few[random.integers(0, 40, 500)] + few.std(axis=0) * random.standard_normal((500, RAW))
    return np.concatenate([few, near]).astype(np.float32)


def test_it_is_the_registered_default_and_fittable(timbre: Timbre) -> None:
    built: Encoder = registry.build("timbre")
    assert isinstance(built, Timbre)
    assert isinstance(built, Fittable)
    assert (built.name, built.dim, built.config.sample_rate_hz) == ("timbre", DIM, 16_000)
    assert digest(built) == digest(timbre)
    assert built.fit_min_clips > DIM


def test_a_clip_is_one_segment_of_unit_length(timbre: Timbre) -> None:
    encoded = timbre.encode(clips(3))
    assert len(encoded) == 3
    for segments in encoded:
        assert segments.vectors.shape == (1, DIM)
        assert segments.vectors.dtype == segments.start_s.dtype == np.float32
        assert segments.start_s.tolist() == [0.0]
        assert np.linalg.norm(segments.vectors) == pytest.approx(1, abs=1e-5)
    assert timbre.encode([]) == []


def test_encode_is_describe_then_project(timbre: Timbre) -> None:
    waveforms = clips(3)
    rows = timbre.describe(waveforms)
    assert rows.shape == (3, RAW)
    vectors = np.concatenate([segments.vectors for segments in timbre.encode(waveforms)])
    np.testing.assert_array_equal(vectors, timbre.project(rows))


def test_a_vector_does_not_depend_on_its_batch_or_on_threads_to_the_bit(timbre: Timbre) -> None:
    waveforms = clips(9)
    together = timbre.encode(waveforms)
    with threadpool_limits(1):
        backwards = timbre.encode(waveforms[::-1])[::-1]
    for waveform, one, other in zip(waveforms, together, backwards, strict=True):
        np.testing.assert_array_equal(one.vectors, other.vectors)
        np.testing.assert_array_equal(one.vectors, timbre.encode([waveform])[0].vectors)


def test_where_the_samples_lie_in_memory_does_not_matter_to_the_bit(timbre: Timbre) -> None:
    (waveform,) = clips(1)
    room = np.zeros(3 * len(waveform) + 3, np.float32)
    for place in (room[1 : 1 + len(waveform)], room[3::3][: len(waveform)]):
        place[:] = waveform
        np.testing.assert_array_equal(timbre.encode([place])[0].vectors, timbre.encode([waveform])[0].vectors)


def test_a_fit_is_the_same_to_the_bit_and_another_space(timbre: Timbre, raw: Float32) -> None:
    with threadpool_limits(2):
        first = timbre.fit(raw)
    with threadpool_limits(1):
        again = timbre.fit(raw.copy())
    assert digest(first) == digest(again) != digest(timbre)
    rebuilt = Timbre.build({"sample_rate_hz": 16_000, "version": 1}, first.weights())
    assert digest(rebuilt) == digest(first)
    np.testing.assert_array_equal(rebuilt.project(raw[:5]), first.project(raw[:5]))


@pytest.mark.slow
def test_other_processes_with_other_threads_make_the_same_fit(timbre: Timbre, raw: Float32, tmp_path: Path) -> None:
    np.save(tmp_path / "raw.npy", raw)
    code = (
        "import numpy as np, sys; from echodex.encoders.base import digest; from echodex.encoders.timbre import Timbre;"
        "print(digest(Timbre.build({}, None).fit(np.load(sys.argv[1]))))"
    )
    for threads in ("1", "2", "5"):
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "raw.npy"],
            env={"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == digest(timbre.fit(raw))


def test_what_does_not_fit_is_refused_by_name(timbre: Timbre, raw: Float32) -> None:
    with pytest.raises(BadInput, match="512 clips or more, not 511"):
        timbre.fit(raw[:511])
    with pytest.raises(BadInput, match="16000 Hz only"):
        Timbre.build({"sample_rate_hz": 8000}, None)
    with pytest.raises(BadInput, match="version 1"):
        Timbre.build({"version": 2}, None)
    with pytest.raises(BadInput, match="bands"):
        Timbre.build({"bands": 40}, None)
    with pytest.raises(BadInput, match="mean"):
        Timbre.build({}, {"kernel": np.zeros(3, np.float32)})


@pytest.mark.parametrize("count", [1, 800, 8000])
def test_short_pure_and_silent_clips_have_a_vector(timbre: Timbre, count: int) -> None:
    for waveform in (np.zeros(count), np.sin(np.arange(count) / 3), np.random.default_rng(0).standard_normal(count)):
        (segments,) = timbre.encode([(1e-5 * waveform).astype(np.float32)])
        assert np.isfinite(segments.vectors).all()
        assert np.linalg.norm(segments.vectors) == pytest.approx(1, abs=1e-5)


def test_level_padding_and_a_little_noise_hardly_move_a_vector(timbre: Timbre) -> None:
    random = np.random.default_rng(1)
    for waveform in clips(8, 3.0):
        altered = [
            np.float32(0.05) * waveform,
            np.round(waveform * 3000) / np.float32(3000),
            np.concatenate([np.zeros(4000, np.float32), waveform, np.zeros(9000, np.float32)]),
            add_noise(waveform, 50.0, random),
            waveform[1600:],
        ]
        vectors = np.concatenate([segments.vectors for segments in timbre.encode([waveform, *altered])])
        level, *others = vectors[1:] @ vectors[0]
        assert level > 0.9999
        assert min(others) > 0.75


def test_the_shipped_fit_was_made_with_these_statistics(timbre: Timbre) -> None:
    assert SHIPPED.stat().st_size < 2_000_000
    scenes = [draw_scene(np.random.default_rng([20_260, number])) for number in range(60)]
    weights = timbre.weights()
    standard = (timbre.describe(scenes) - weights["mean"]) / weights["std"]
    assert np.abs(standard.mean(axis=0)).max() < 0.8
    assert np.median(standard.std(axis=0)) == pytest.approx(1, abs=0.1)


def test_other_encodings_of_a_recording_find_it_first(timbre: Timbre, shared_data: Path) -> None:
    environment = shared_data / "environment"
    with (environment / "same_recording.csv").open(newline="") as file:
        twins = [(row["path"], row["same_as"]) for row in csv.DictReader(file)][:12]
    vectors = [
        np.concatenate([s.vectors for s in timbre.encode([read_mono(environment / pair[i], 16_000) for pair in twins])])
        for i in (0, 1)
    ]
    scores = vectors[0] @ vectors[1].T
    assert (scores.argmax(axis=1) == np.arange(len(twins))).all()
    assert scores.diagonal().min() > 0.97
