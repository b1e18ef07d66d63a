"""Real trainings of a very narrow SampleCNN, 1/64 as wide as the published one, on sounds that are easy to tell."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from echodex.api import Store
from echodex.encoders.base import digest
from echodex.errors import BadInput, UsageError
from echodex.evaluation.tags import evaluate_tags
from echodex.training.head import load_head
from echodex.training.labels import read_labels
from echodex.training.run import load_run, run_folder
from echodex.training.splits import Splits, read_splits
from echodex.training.supervised.config import SupervisedTraining
from echodex.training.supervised.module import SupervisedModule
from echodex.training.supervised.train import crop_sets, train_supervised
from echodex.training.trained import load_trained

TINY = SupervisedTraining(width=1 / 64, batch_size=16, max_epochs=2, learning_rate=0.05)
LEARNING = replace(TINY, width=1 / 32, batch_size=8, max_epochs=7, learning_rate=0.02)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this narrow gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def lines(store: Store, name: str) -> list[dict[str, float]]:
    path = run_folder(store, name) / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(one_thread: None, tmp_path_factory: pytest.TempPathFactory, kinds_store: Store) -> tuple[Store, str]:
    """A store and the name of a finished run on it."""
    path = tmp_path_factory.mktemp("trained") / "library"
    shutil.copytree(kinds_store.path, path)
    store = Store.open(path)
    return store, train_supervised(store, config=LEARNING).name


def test_it_learns_and_keeps_its_best(trained: tuple[Store, str]) -> None:
    store, name = trained
    run = load_run(store, name)
    assert (name, run.objective, run.view, run.classes) == (
        "supervised-all-1",
        "supervised",
        "all",
        ("high", "low", "noise"),
    )
    assert (run.metrics["train_clips"], run.metrics["valid_clips"], run.metrics["skipped_clips"]) == (48, 12, 0)
    log = lines(store, name)
    assert max(line["valid_accuracy"] for line in log) > 0.8
    assert run.metrics["valid_loss"] == min(line["valid_loss"] for line in log) < log[0]["valid_loss"]
    assert (run.metrics["epochs"], run.metrics["steps"]) == (len(log), 6 * len(log))
    names = {path.name.partition(".out")[0] for path in run_folder(store, name).iterdir()} - {".lock"}
    files = {"run.json", "config.yaml", "splits.parquet", "metrics.jsonl", "events"}
    assert names == {*files, "head.safetensors", "encoder.safetensors"}


def test_the_run_is_an_encoder_with_a_head(trained: tuple[Store, str]) -> None:
    """Encoder and head together say what the network said; on test clips, it is mostly right."""
    store, name = trained
    run = load_run(store, name)
    encoder, head = load_trained(store, name), load_head(run_folder(store, name) / "head.safetensors")
    assert (digest(encoder), head.classes, head.unit, head.multi_label) == (
        run.encoder_digest,
        run.classes,
        False,
        False,
    )
    store.embed_with(encoder)
    test = Splits.load(run_folder(store, name) / "splits.parquet").ids("test")
    space = next(space for space in store.spaces() if space.digest == run.encoder_digest)
    owners, _, vectors = store.segments(space.name, test)
    guesses = head.probabilities(vectors).argmax(axis=1)
    said = store.clips(["clip_id", "labels"])
    truth = dict(zip(said.column(0).to_pylist(), said.column(1).to_pylist(), strict=True))
    assert np.mean([[run.classes[guess]] == truth[owner] for guess, owner in zip(guesses, owners, strict=True)]) > 0.8


def run_with_ctrl_c(store: Store, config: SupervisedTraining, step: int) -> None:
    def press(stage: str, done: int, total: int | None) -> None:
        assert (stage, total) == ("train", 3 * config.max_epochs)
        if done == step:
            signal.raise_signal(signal.SIGINT)

    train_supervised(store, config=config, name="pieces", progress=press)


slow = pytest.mark.slow


@pytest.mark.parametrize(
    "settings", [{}, pytest.param({"augment": True}, marks=slow), pytest.param({"accumulate": 2}, marks=slow)]
)
def test_interrupted_the_curve_is_the_same_to_the_bit(kinds: Store, settings: dict[str, Any]) -> None:
    """Three batches an epoch; the third step ends one. With two to a step, only the second ends one within it."""
    config = replace(TINY, plateau_patience=1, **settings)
    train_supervised(kinds, config=config, name="whole")
    for step in (1, 3, 5):
        with pytest.raises(KeyboardInterrupt):
            run_with_ctrl_c(kinds, config, step)
        assert load_run(kinds, "pieces").metrics == {}
    run = train_supervised(kinds, config=config, name="pieces")
    assert run.metrics == load_run(kinds, "whole").metrics
    for file in ("metrics.jsonl", "encoder.safetensors", "head.safetensors"):
        assert (run_folder(kinds, "pieces") / file).read_bytes() == (run_folder(kinds, "whole") / file).read_bytes()
    assert not (run_folder(kinds, "pieces") / "last.safetensors").exists()


@pytest.mark.slow
def test_the_train_loss_is_that_of_its_batches_however_many_make_a_step(kinds: Store) -> None:
    """With next to no learning rate the weights stay as they are, so the losses do, too."""
    config = replace(TINY, learning_rate=1e-12, max_epochs=1)
    for accumulate in (1, 3):
        train_supervised(kinds, config=replace(config, accumulate=accumulate), name=f"by{accumulate}")
    assert lines(kinds, "by1")[0]["train_loss"] == pytest.approx(lines(kinds, "by3")[0]["train_loss"], rel=1e-6)


def module_of(store: Store, config: SupervisedTraining) -> SupervisedModule:
    labels = read_labels(store)
    return SupervisedModule(crop_sets(store, "all", labels, read_splits(store, labels, 0), config), config, None)


def test_the_published_optimiser(kinds_store: Store) -> None:
    module = module_of(kinds_store, SupervisedTraining(width=1 / 64, learning_rate=3e-4))
    found = module.configure_optimizers()
    group = found["optimizer"].param_groups[0]
    assert isinstance(found["optimizer"], torch.optim.SGD)
    assert (group["lr"], group["momentum"], group["nesterov"], group["weight_decay"]) == (3e-4, 0.9, True, 1e-6)
    plateau = found["lr_scheduler"]["scheduler"]
    assert (plateau.factor, plateau.patience, plateau.mode) == (0.2, 5, "min")
    assert isinstance(module.net.dropout, torch.nn.Dropout)


def test_what_is_dropped_depends_on_the_place_alone(kinds_store: Store) -> None:
    module = module_of(kinds_store, TINY)
    batch = module.transfer_batch_to_device(next(iter(module.crops.train)), torch.device("cpu"), 0)
    losses = []
    for place in (0, 1, 0):
        torch.rand(7)
        module.place.batch = place
        losses.append(module.training_step(batch, 0).item())
    assert losses[0] == losses[2] != losses[1]


def test_only_clips_that_the_view_keeps(kinds: Store, save_view: Callable[[Store, str, list[str]], None]) -> None:
    whole = load_run(kinds, train_supervised(kinds, config=replace(TINY, max_epochs=1)).name)
    splits = Splits.load(run_folder(kinds, whole.name) / "splits.parquet")
    save_view(kinds, "lean", splits.ids("train")[:20])  # no valid clip: those are the store's, whatever the view
    run = train_supervised(kinds, view="lean", config=replace(TINY, max_epochs=1))
    assert (run.name, run.view) == ("supervised-lean-1", "lean@1")
    assert (run.metrics["train_clips"], run.metrics["valid_clips"], run.metrics["steps"]) == (20, 12, 1)
    found = crop_sets(kinds, "lean", read_labels(kinds), splits, TINY)
    assert sorted(found.valid.clip_ids) == splits.ids("valid")
    for name, kept, said in [("poor", splits.ids("test"), "are no train"), ("one", splits.ids("train")[:1], "but one")]:
        save_view(kinds, name, kept)
        with pytest.raises(UsageError, match=said):
            train_supervised(kinds, view=name, config=TINY)
        assert not run_folder(kinds, f"supervised-{name}-1").exists()


def test_multi_label_and_clips_that_cannot_be_read(new_store: Callable[..., Store]) -> None:
    splits = ["train"] * 20 + ["valid"] * 6 + ["test"] * 6
    store = new_store([["low", "tone"], ["high", "tone"], ["noise"], []] * 8, splits)
    gone = store.clips(["clip_id"], where="split = 'train'").column(0).to_pylist()[0]
    Path(store.sources([gone])[0].path).unlink()
    with pytest.raises(BadInput, match="so the training stops"):
        train_supervised(store, config=replace(TINY, batch_size=32, max_epochs=1), strict=True)
    run = train_supervised(store, config=replace(TINY, batch_size=32, max_epochs=1))
    assert (run.classes, run.config["multi_label"]) == (("high", "low", "noise", "tone"), True)
    assert load_head(run_folder(store, run.name) / "head.safetensors").multi_label
    assert "valid_accuracy" not in lines(store, run.name)[0]
    assert (run.metrics["train_clips"], run.metrics["steps"], run.metrics["skipped_clips"]) == (20, 1, 1)


def test_a_loss_that_is_never_finite(kinds: Store) -> None:
    with pytest.raises(BadInput, match="learning_rate"):
        train_supervised(kinds, config=replace(TINY, learning_rate=1e30, max_epochs=1))


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"augment": True}, {"precision": "bf16-mixed"}, {"accumulate": 2}, {"workers": 2}]
)
def test_the_other_ways_to_train(kinds: Store, settings: dict[str, Any]) -> None:
    run = train_supervised(kinds, config=replace(TINY, **settings))
    assert run.metrics["epochs"] == 2
    assert np.isfinite(run.metrics["valid_loss"])


@pytest.mark.gpu
def test_on_a_gpu(kinds: Store) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    run = train_supervised(kinds, config=replace(LEARNING, precision="16-mixed"))
    assert max(line["valid_accuracy"] for line in lines(kinds, run.name)) > 0.8


def test_it_is_evaluated_on_the_vectors_of_its_own_encoder(kinds: Store) -> None:
    """Window probabilities averaged per clip, as a head on stored vectors is; a quarter-second clip is one window."""
    run = train_supervised(kinds, config=TINY)
    with pytest.raises(UsageError, match=f"`echodex embed run:{run.name}`"):
        evaluate_tags(kinds, run.name)
    space = kinds.embed(f"run:{run.name}").space
    found = evaluate_tags(kinds, run.name)
    test = Splits.load(run_folder(kinds, run.name) / "splits.parquet").ids("test")
    owners, _, vectors = kinds.segments(space.name, test)
    assert (space.digest, owners) == (run.encoder_digest, test)
    guesses = load_head(run_folder(kinds, run.name) / "head.safetensors").probabilities(vectors).argmax(axis=1)
    truth = kinds.clips(["labels"], clip_ids=test).column(0).to_pylist()
    right = [[run.classes[guess]] == label for guess, label in zip(guesses, truth, strict=True)]
    assert (found.metrics, found.clips) == ({"Accuracy": np.mean(right)}, 12)
