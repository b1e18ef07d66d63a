from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.encoders import registry
from echodex.encoders.base import Encoder, Fittable, Weights
from echodex.encoders.config import build_config
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.errors import BadInput, Damaged, NotFound
from echodex.progress import Progress
from echodex.schemas.vector import Float32, Segments
from echodex.store import embedding
from echodex.store.fitting import Stage
from echodex.testing.music.works import draw_work

MakeWav = Callable[..., Path]


@dataclass(frozen=True)
class CentredConfig:
    sample_rate_hz: int = 8000
    version: int = 1


@registry.register("centred")
class Centred:
    """A fittable encoder: the dummy's vector minus the mean over the fit."""

    name: ClassVar[str]
    fit_min_clips: ClassVar[int] = 4
    fit_max_clips: ClassVar[int] = 6

    def __init__(self, config: CentredConfig, mean: Float32) -> None:
        self.config = config
        self._mean = mean
        self._inner = Dummy(DummyConfig())

    @classmethod
    def build(cls, config: Mapping[str, Any], weights: Weights | None) -> Self:
        return cls(build_config(CentredConfig, config), (weights or {"mean": np.zeros(16, np.float32)})["mean"])

    @property
    def dim(self) -> int:
        return 16

    def weights(self) -> Weights:
        return {"mean": self._mean}

    def describe(self, waveforms: Sequence[Float32]) -> Float32:
        return np.concatenate([segments.vectors for segments in self._inner.encode(waveforms)])

    def project(self, raw: Float32) -> Float32:
        return raw - self._mean

    def fit(self, raw: Float32) -> Encoder:
        return Centred(self.config, raw.mean(axis=0, dtype=np.float64).astype(np.float32))

    def encode(self, waveforms: Sequence[Float32]) -> list[Segments]:
        return [Segments(np.zeros(1, np.float32), row[None]) for row in self.project(self.describe(waveforms))]


def pressed_at(call: int) -> Progress:
    """Progress that is interrupted when it is told something for the `call`-th time."""
    calls = itertools.count(1)

    def stop(stage: str, done: int, total: int | None) -> None:
        if next(calls) == call:
            raise KeyboardInterrupt

    return stop


@pytest.fixture
def filled(store: Store, make_wav: MakeWav, tmp_path: Path) -> Store:
    for seed in range(8):
        make_wav(f"{seed}.wav", seed=seed)
    store.add(tmp_path / "audio")
    return store


def test_every_usable_clip_gets_a_unit_vector(filled: Store) -> None:
    report = filled.embed("dummy")
    vectors = filled.vectors("dummy")
    assert (report.embedded, report.known, report.problems) == (8, 0, [])
    assert vectors.clip_ids == filled.clips(["clip_id"]).column(0).to_pylist()
    np.testing.assert_allclose(np.linalg.norm(vectors.matrix, axis=1), 1, rtol=1e-6)


def test_the_stored_vector_is_the_encoders_own(filled: Store) -> None:
    from echodex.audio.clip import read_mono

    filled.embed("dummy")
    clip = filled.sources(filled.clips(["clip_id"]).column(0).to_pylist()[:1])[0]
    [expected] = Dummy(DummyConfig()).encode([read_mono(clip.path, 8000)])
    _, _, stored = filled.segments("dummy", [clip.clip_id])
    np.testing.assert_array_equal(stored, expected.vectors)


def test_embedding_again_does_only_what_is_new(filled: Store, make_wav: MakeWav) -> None:
    filled.embed("dummy")
    filled.add(make_wav("new.wav", seed=99))
    report = filled.embed("dummy")
    assert (report.embedded, report.known) == (1, 8)


def test_another_configuration_is_another_space(filled: Store) -> None:
    first = filled.embed("dummy").space
    second = filled.embed("dummy", settings={"bands": 8}).space
    assert first.name != second.name
    assert [space.name for space in filled.spaces()] == [first.name, second.name]
    assert filled.space("dummy") == second
    assert filled.space(first.name) == first


def test_segments_are_kept_and_pooled_on_reading(filled: Store) -> None:
    filled.embed("dummy", settings={"window_s": 0.125})
    clip_ids = filled.clips(["clip_id"]).column(0).to_pylist()[::-1]
    owners, starts, raw = filled.segments("dummy", clip_ids)
    assert owners == [clip_id for clip_id in clip_ids for _ in range(4)]
    assert starts[:4].tolist() == [0.0, 0.125, 0.25, 0.375]
    mean = raw[:4].mean(axis=0)
    pooled = filled.vectors("dummy").matrix[-1]
    np.testing.assert_allclose(pooled, mean / np.linalg.norm(mean), rtol=1e-5)
    with pytest.raises(NotFound, match="no vector"):
        filled.segments("dummy", ["0" * 32])


def test_a_file_that_changed_or_went_is_told_and_the_rest_is_done(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "audio" / "0.wav").unlink()
    (tmp_path / "audio" / "1.wav").write_bytes(b"something else")
    report = filled.embed("dummy")
    assert report.embedded == 6
    assert sorted(problem.reason for problem in report.problems) == ["changed", "missing"]


def test_a_store_without_clips_says_what_to_do(store: Store) -> None:
    with pytest.raises(BadInput, match="echodex add"):
        store.embed("dummy")


def test_an_encoder_is_rebuilt_from_what_the_store_keeps(filled: Store) -> None:
    filled.embed("centred")
    space = filled.space("centred")
    again = filled.encoder(space)
    assert isinstance(again, Fittable)
    assert again.weights()["mean"].any()
    (filled.path / "encoders" / f"{space.name}.safetensors").write_bytes(b"torn")
    with pytest.raises(Damaged, match="damaged"):
        filled.encoder(space)
    (filled.path / "encoders" / f"{space.name}.safetensors").unlink()
    with pytest.raises(Damaged, match="missing"):
        filled.encoder(space)


def test_a_fit_uses_the_smallest_ids_and_is_kept(filled: Store, make_wav: MakeWav) -> None:
    from echodex.audio.clip import read_mono

    space = filled.embed("centred").space
    assert space.note == "fitted on 6 clips of this store"
    sample = filled.sources(filled.clips(["clip_id"]).column(0).to_pylist()[:6])
    raw = Centred.build({}, None).describe([read_mono(clip.path, 8000) for clip in sample])
    np.testing.assert_array_equal(
        filled.encoder(space).weights()["mean"], raw.mean(axis=0, dtype=np.float64).astype("f4")
    )
    filled.add(make_wav("new.wav", seed=99))
    assert filled.embed("centred").space == space
    assert filled.embed("centred", refit=True).space.name != space.name


@pytest.mark.slow
def test_a_store_of_music_is_embedded_again_by_its_own_fit(store: Store, tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    for number in range(32):
        rng = np.random.default_rng(number)
        work = draw_work(rng, 10.0)
        for performance in range(4):
            path = tmp_path / "music" / f"{number}-{performance}.wav"
            soundfile.write(path, work.play(rng, 8000, 6.0), 8000)
    store.add(tmp_path / "music")
    space = store.embed("chroma").space
    assert "128 clips of this store" in space.note
    store.encoder(space)
    assert store.embed("chroma").known == 128


def test_a_small_store_keeps_the_shipped_fit(store: Store, make_wav: MakeWav) -> None:
    store.add(make_wav())
    assert "shipped" in store.embed("centred").space.note


@pytest.mark.parametrize("encoder", ["dummy", "centred"])
def test_embedding_in_the_same_pass_gives_the_same_vectors(filled: Store, tmp_path: Path, encoder: str) -> None:
    filled.embed(encoder)
    other = Store.open(tmp_path / "other")
    other.add(tmp_path / "audio", embed=encoder)
    assert other.space(encoder).digest == filled.space(encoder).digest
    np.testing.assert_array_equal(other.vectors(encoder).matrix, filled.vectors(encoder).matrix)
    assert [name for name in other.tables.names() if name.startswith("stage")] == []


@pytest.mark.parametrize("encoder", ["dummy", "centred"])
def test_an_interrupted_embedding_goes_on_where_it_was(
    filled: Store, tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "COMMIT_CLIPS", 2)
    monkeypatch.setattr("echodex.store.reading.BATCH_CLIPS", 2)
    with pytest.raises(KeyboardInterrupt):
        filled.embed(encoder, progress=pressed_at(3))
    report = filled.embed(encoder)
    assert report.embedded + report.known == 8
    other = Store.open(tmp_path / "other")
    other.add(tmp_path / "audio")
    other.embed(encoder)
    np.testing.assert_array_equal(other.vectors(encoder).matrix, filled.vectors(encoder).matrix)


@pytest.mark.parametrize("refit", [False, True])
def test_a_fit_whose_measures_another_process_dropped_is_of_all_clips_still(
    filled: Store, refit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echodex.store.fitting.COMMIT_CLIPS", 2)
    monkeypatch.setattr("echodex.store.reading.BATCH_CLIPS", 2)
    if refit:
        filled.embed("centred")
    with pytest.raises(KeyboardInterrupt):
        filled.embed("centred", refit=refit, progress=pressed_at(2))
    assert [name for name in filled.tables.names() if name.startswith("stage")]
    others = [Store(filled.path)]

    def another(stage: str, done: int, total: int | None) -> None:
        if others:
            others.pop().embed("centred")

    report = filled.embed("centred", refit=refit, progress=another)
    assert report.space.note == "fitted on 6 clips of this store"
    assert (report.embedded + report.known, len(filled.spaces())) == (8, 1)
    assert filled.vectors("centred").clip_ids == filled.clips(["clip_id"]).column(0).to_pylist()


def test_two_writers_of_one_space_write_each_clip_once(filled: Store) -> None:
    threads = [threading.Thread(target=Store(filled.path).embed, args=("dummy",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owners = filled.tables.scan(f"vectors_{filled.space().name}", ["clip_id"]).column(0).to_pylist()
    assert len(owners) == len(set(owners)) == 8


def test_a_measure_that_is_not_what_was_written_is_not_fitted_on(filled: Store) -> None:
    encoder = registry.build("centred", {})
    assert isinstance(encoder, Fittable)
    stage = Stage(filled.tables, encoder)
    ids = filled.clips(["clip_id"]).column(0).to_pylist()[:2]
    stage.accept(ids, [np.ones(800, np.float32), np.zeros(800, np.float32)])
    stage.commit()
    [table] = [name for name in filled.tables.names() if name.startswith("stage_")]
    rows = filled.tables.scan(table, ["clip_id", "raw", "row_sum"])
    filled.tables.overwrite(table, rows.set_column(0, rows.schema.field(0), [list(reversed(ids))]))
    with pytest.raises(Damaged, match="stage_centred"):
        filled.embed("centred")
    assert filled.check(data=True).findings
    filled.repair()
    assert filled.embed("centred").embedded == 8
    np.testing.assert_allclose(filled.vectors("centred", normalise=False).matrix[:6].mean(axis=0), 0, atol=1e-5)
