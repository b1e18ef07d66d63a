"""Real trainings of a small autoencoder on the sixteen numbers that the dummy encoder has of each clip."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from echodex.api import Store
from echodex.encoders.autoencoder import AutoEncoderModel
from echodex.encoders.autoencoder.network import autoencoder
from echodex.encoders.base import RowEncoder
from echodex.errors import BadInput, NotFound, UsageError
from echodex.training.autoencoder.config import PRESETS, AutoencoderTraining
from echodex.training.autoencoder.export import export_checkpoint
from echodex.training.autoencoder.module import AutoencoderModule
from echodex.training.autoencoder.rows import autoencoder_splits
from echodex.training.autoencoder.train import train_autoencoder
from echodex.training.checkpoint import read_checkpoint
from echodex.training.run import load_run, run_folder
from echodex.training.splits import Splits
from echodex.training.trained import load_trained
from tests.store.features.miniature import datacos

SIZES = "16-24-8-3"
SMALL = AutoencoderTraining(sizes=SIZES, batch_size=16, max_epochs=12)


def lines(store: Store, name: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run_folder(store, name) / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(kinds_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the run "ae"."""
    path = tmp_path_factory.mktemp("trained") / "library"
    shutil.copytree(kinds_store.path, path)
    store = Store.open(path)
    train_autoencoder(store, space="dummy", config=SMALL, name="ae")
    return store


def test_it_learns_and_keeps_its_best(trained: Store) -> None:
    run, log = load_run(trained, "ae"), lines(trained, "ae")
    assert (run.objective, run.view, run.config["source"]) == ("autoencoder", "all", trained.space("dummy").name)
    assert (run.metrics["train_clips"], run.metrics["valid_clips"], run.metrics["test_clips"]) == (61, 11, 0)
    assert run.metrics["valid_loss"] == min(line["valid_loss"] for line in log) < 0.7 * log[0]["valid_loss"]
    assert run.metrics["steps"] == 4 * run.metrics["epochs"]


def test_the_loss_is_that_of_the_reconstruction_of_valid_clips(trained: Store) -> None:
    arrays, _ = read_checkpoint(run_folder(trained, "ae") / "encoder.safetensors")
    net = autoencoder((16, 24, 8, 3), corrected=True).eval()
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    features = trained.vectors("dummy", normalise=False)
    splits = Splits.load(run_folder(trained, "ae") / "splits.parquet")
    sides = {name: np.isin(features.clip_ids, splits.ids(name)) for name in ("train", "valid")}
    mean, deviation = features.matrix[sides["train"]].mean(axis=0), features.matrix[sides["train"]].std(axis=0)
    valid = features.matrix[sides["valid"]]
    with torch.inference_mode():
        again = net(torch.from_numpy(valid)).numpy()
    error = (((again - valid) / deviation) ** 2).mean()
    assert error == pytest.approx(load_run(trained, "ae").metrics["valid_loss"], rel=1e-3)
    assert_allclose(arrays["encoder.mean"], mean, rtol=1e-5)


def test_a_run_embeds_the_space_that_it_learned_from(trained: Store) -> None:
    report = trained.embed("run:ae")
    assert (report.embedded, report.known, report.problems) == (72, 0, [])
    assert (report.space.encoder, report.space.dim, report.space.digest) == (
        "autoencoder",
        3,
        load_run(trained, "ae").encoder_digest,
    )
    features, embedded = trained.vectors("dummy", normalise=False), trained.vectors("run:ae", normalise=False)
    encoder = load_trained(trained, "ae")
    assert isinstance(encoder, RowEncoder)
    assert embedded.clip_ids == features.clip_ids
    assert_array_equal(embedded.matrix, encoder.encode_rows(features.matrix))
    again = trained.embed("run:ae")
    assert (again.embedded, again.known) == (0, 72)
    hits = trained.similar(features.clip_ids[0], k=3, space="run:ae")
    assert len(hits) == 3


def test_some_clips_only(trained: Store, kinds: Store) -> None:
    shutil.copytree(run_folder(trained, "ae"), run_folder(kinds, "ae"))
    assert kinds.embed("run:ae", where="array_has(labels, 'low')").embedded == 24
    assert kinds.embed("run:ae").embedded == 48


def test_a_file_is_no_question_for_such_a_space(trained: Store, make_wav: Callable[..., Path]) -> None:
    trained.embed("run:ae")
    with pytest.raises(UsageError, match=r"made from vectors of 'dummy-.*ask by clip"):
        trained.similar(make_wav(), space="run:ae")


def test_the_published_form_never_gives_negatives(kinds: Store) -> None:
    config = replace(PRESETS["published"], sizes=SIZES, max_epochs=2)
    run = train_autoencoder(kinds, space="dummy", config=config)
    kinds.embed(f"run:{run.name}")
    assert kinds.vectors(f"run:{run.name}", normalise=False).matrix.min() >= 0


def test_the_published_layout_is_written_and_read(kinds: Store, tmp_path: Path) -> None:
    config = replace(PRESETS["published"], sizes=SIZES, max_epochs=1)
    run = train_autoencoder(kinds, space="dummy", config=config, name="raw")
    path = export_checkpoint(kinds, "raw", tmp_path / "raw.ckpt", "lightning")
    model = AutoEncoderModel(autoencoder((16, 24, 8, 3)))
    model.load_state_dict(torch.load(path, weights_only=True)["state_dict"])
    a, b = (kinds.vectors("dummy", normalise=False).matrix[rows] for rows in ([0], [1, 2, 3]))
    ours, others = (load_trained(kinds, "raw").encode_rows(x) for x in (a, b))  # type: ignore[attr-defined]
    assert model.get_distance(a, b) == pytest.approx(np.linalg.norm(ours - others, axis=1).mean(), rel=1e-4)
    report = kinds.embed("autoencoder", checkpoint=str(path), settings={"source": kinds.space("dummy").name})
    assert report.space.digest == run.encoder_digest
    bare = torch.load(export_checkpoint(kinds, "raw", tmp_path / "bare.pt"), weights_only=True)
    assert bare.keys() == model.state_dict().keys()
    with pytest.raises(UsageError, match="bare, lightning"):
        export_checkpoint(kinds, "raw", tmp_path / "x.pt", "keras")


def test_interrupted_it_goes_on_to_the_same_curve(kinds: Store, trained: Store) -> None:
    def interrupt(stage: str, done: int, total: int | None) -> None:
        if stage == "train" and done in (7, 22):
            signal.raise_signal(signal.SIGINT)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_autoencoder(kinds, space="dummy", config=SMALL, name="ae", progress=interrupt)
    train_autoencoder(kinds, space="dummy", config=SMALL, name="ae")
    assert lines(kinds, "ae") == lines(trained, "ae")
    assert load_run(kinds, "ae").encoder_digest == load_run(trained, "ae").encoder_digest


def test_it_stops_where_the_valid_loss_no_longer_falls(kinds: Store) -> None:
    config = replace(SMALL, max_epochs=40, stop_patience=2, stop_delta=10.0)
    assert train_autoencoder(kinds, space="dummy", config=config).metrics["epochs"] == 3


def test_works_do_not_straddle_the_draw(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> None:
    listed = "".join(f"{make_wav(f'{n}.wav', seed=n)},w{n // 2}\n" for n in range(20))
    (tmp_path / "labels.csv").write_text("path,work\n" + listed)
    store.add(labels=tmp_path / "labels.csv")
    store.embed("dummy")
    works = dict(zip(*(store.clips(["clip_id", "work"]).column(i).to_pylist() for i in (0, 1)), strict=True))
    splits = autoencoder_splits(store, store.space(), 42)
    valid = {works[clip_id] for clip_id in splits.ids("valid")}
    assert len(splits.ids("valid")) == 2 * len(valid) == 4
    assert not valid & {works[clip_id] for clip_id in splits.ids("train")}
    assert splits.drawn == ("valid",)
    assert autoencoder_splits(store, store.space(), 43).ids("valid") != splits.ids("valid")


def test_audio_beside_the_features_has_no_say_in_the_draw(
    store: Store, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    """Clips of audio that are of split valid do not stand for the features that none is of."""
    datacos(tmp_path / "data", {f"W_{number}": 2 for number in range(10)})
    store.add_features("datacos", tmp_path / "data")
    alone = autoencoder_splits(store, store.space("datacos"), 42)
    (tmp_path / "labels.csv").write_text(f"path,split\n{make_wav('a.wav')},valid\n")
    store.add(labels=tmp_path / "labels.csv")
    beside = autoencoder_splits(store, store.space("datacos"), 42)
    assert beside.drawn == ("valid",)
    assert beside.ids("valid") == alone.ids("valid")
    assert len(beside.ids("train")) == 16


def test_a_feature_that_does_not_vary_is_only_shifted() -> None:
    rows = np.random.default_rng(0).normal(5, 2, (30, 16)).astype(np.float32)
    rows[:, 3] = 7.7
    module = AutoencoderModule(rows, rows, SMALL, None)
    assert module.net.encoder.scale[3] == 1
    assert torch.isfinite(module.net.loss(torch.from_numpy(rows)))


def test_what_cannot_be_trained_is_said(kinds: Store) -> None:
    with pytest.raises(NotFound, match="'datacos' does not exist"):
        train_autoencoder(kinds)
    with pytest.raises(UsageError, match="begin with 52, but the vectors have 16"):
        train_autoencoder(kinds, space="dummy")
    assert not list((kinds.path / "runs").glob("auto*"))
    with pytest.raises(BadInput, match="not finite in any epoch"):
        train_autoencoder(kinds, space="dummy", config=replace(SMALL, learning_rate=1e30))
