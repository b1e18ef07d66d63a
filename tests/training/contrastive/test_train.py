from __future__ import annotations

import math
import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest
import torch

from echodex.api import Store
from echodex.encoders.base import digest
from echodex.encoders.clmr import Clmr
from echodex.errors import BadInput, NotFound, UsageError
from echodex.progress import Progress
from echodex.schemas.view import VIEW_ROWS
from echodex.training.config import ProbeConfig
from echodex.training.contrastive.clips import contrastive_splits, pair_loader
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.train import train_clmr
from echodex.training.probe import train_probe
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log
from echodex.training.trained import load_trained

Make = Callable[..., ClmrTraining]

MONITORS = {"alignment", "uniformity", "effective_rank", "knn_accuracy"}


def lines(store: Store, name: str) -> list[dict[str, float]]:
    return read_log(run_folder(store, name))


def test_a_run_and_its_folder(few: Store, tiny: Make) -> None:
    run = train_clmr(few, config=tiny(learning_rate=3e-3, max_epochs=5))
    assert run == load_run(few, "clmr-all-1")
    assert (run.objective, run.view, run.classes) == ("clmr", "all", ())
    assert (run.metrics["epochs"], run.metrics["steps"]) == (5, 15)
    assert (run.metrics["train_clips"], run.metrics["valid_clips"]) == (18, 3)
    names = {path.name.partition(".out")[0] for path in run_folder(few, run.name).iterdir()} - {".lock"}
    assert names == {"run.json", "config.yaml", "splits.parquet", "metrics.jsonl", "events", "encoder.safetensors"}
    figures = lines(few, run.name)
    assert [bool(line.keys() >= MONITORS) for line in figures] == [False, True, False, True, True]
    assert figures[-1]["train_loss"] < figures[0]["train_loss"] < math.log(2 * 6 - 1) + 0.5
    assert all(math.isfinite(value) for line in figures for value in line.values())
    assert MONITORS | {"train_loss", "valid_loss"} <= run.metrics.keys()


def test_the_trained_encoder_is_one(few: Store, tiny: Make) -> None:
    run = train_clmr(few, config=tiny(max_epochs=1))
    encoder = load_trained(few, run.name)
    assert isinstance(encoder, Clmr)
    assert (encoder.dim, encoder.config.sample_rate_hz, encoder.config.width) == (16, 8000, 1 / 32)
    assert digest(encoder) == run.encoder_digest
    assert load_trained(few, run.name, {"pooling": "windows"}).config.pooling == "windows"
    with pytest.raises(NotFound, match=f"echodex embed run:{run.name}"):
        few.space(f"run:{run.name}")
    report = few.embed_with(encoder)
    assert (report.embedded, report.space.dim, report.space.digest) == (24, 16, run.encoder_digest)
    assert few.space(f"run:{run.name}") == report.space
    probe = train_probe(few, config=ProbeConfig(max_epochs=1))
    for name in ("nobody", probe.name):
        with pytest.raises(NotFound, match="no finished run"):
            few.space(f"run:{name}")


def interrupted_at(step: int) -> Progress:
    def press(stage: str, done: int, total: int | None) -> None:
        if done == step:
            signal.raise_signal(signal.SIGINT)

    return press


@pytest.mark.parametrize(
    "settings", [{}, {"optimizer": "LARS", "weight_decay": 1e-6, "exclude_norms": True}, {"accumulate": 2}]
)
def test_interrupted_three_times_the_figures_are_the_same_to_the_bit(
    few: Store, tiny: Make, settings: dict[str, object]
) -> None:
    """Three batches an epoch: pressed in the middle of one, at the end of one, and at the end of all."""
    config = tiny(**settings)
    expected = train_clmr(few, config=config, name="whole")
    for step in (1, 3, 8):
        with pytest.raises(KeyboardInterrupt):
            train_clmr(few, config=config, name="pieces", progress=interrupted_at(step))
        assert (run_folder(few, "pieces") / "last.safetensors").is_file()
    run = train_clmr(few, config=config, name="pieces")
    assert run.metrics == expected.metrics
    whole, pieces = (run_folder(few, name) for name in ("whole", "pieces"))
    for name in ("metrics.jsonl", "encoder.safetensors"):
        assert (whole / name).read_bytes() == (pieces / name).read_bytes()
    assert not (pieces / "last.safetensors").exists()


def test_the_global_generator_decides_on_nothing(few: Store, tiny: Make) -> None:
    first = train_clmr(few, config=tiny(max_epochs=1))
    torch.manual_seed(7)
    before = torch.get_rng_state()
    again = train_clmr(few, config=tiny(max_epochs=1))
    assert torch.equal(torch.get_rng_state(), before)
    assert again.encoder_digest == first.encoder_digest
    other = train_clmr(few, config=tiny(max_epochs=1, seed=1))
    assert other.encoder_digest != first.encoder_digest


@pytest.mark.slow
def test_workers_change_nothing(few: Store, tiny: Make) -> None:
    alone, with_workers = (train_clmr(few, config=tiny(workers=workers)) for workers in (0, 2))
    assert with_workers.encoder_digest == alone.encoder_digest


def test_half_precision_runs(few: Store, tiny: Make) -> None:
    run = train_clmr(few, config=tiny(precision="bf16-mixed", max_epochs=1))
    assert math.isfinite(run.metrics["valid_loss"])


def test_a_loss_that_is_not_finite_is_said(few: Store, tiny: Make) -> None:
    with pytest.raises(BadInput, match="lower learning_rate"):
        train_clmr(few, config=tiny(learning_rate=1e30))


def test_a_view_with_too_few_clips_makes_no_run(few: Store, tiny: Make) -> None:
    with pytest.raises(UsageError, match="lower batch_size"):
        train_clmr(few, config=tiny(batch_size=64))
    assert not (few.path / "runs").exists()


def test_the_settings_are_kept_as_yaml(few: Store, tiny: Make) -> None:
    from echodex.training.contrastive.config import PRESETS
    from echodex.training.settings import read_settings

    run = train_clmr(few, config=tiny(max_epochs=1))
    found = read_settings(ClmrTraining, PRESETS, run_folder(few, run.name) / "config.yaml", [])
    assert asdict(found) == {name: run.config[name] for name in asdict(found)}


def test_only_the_train_clips_that_a_view_keeps_teach(few: Store, tiny: Make) -> None:
    ids = few.clips(["clip_id"]).column(0).to_pylist()
    kept = set(contrastive_splits(few, tiny()).ids("train")[:13])
    blank = {"rank": 0, "split": "", "cluster": -2, "representative": "", "similarity": 0.0, "gain": 0.0, "reason": ""}
    rows = [{"clip_id": clip_id, "kept": clip_id in kept, **blank} for clip_id in ids]
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    few.save_view("lean", pa.Table.from_pylist(rows, schema=schema), {}, None)
    run = train_clmr(few, view="lean", config=tiny(max_epochs=1))
    assert (run.name, run.view) == ("clmr-lean-1", "lean@1")
    assert (run.metrics["train_clips"], run.metrics["valid_clips"], run.metrics["steps"]) == (13, 3, 2)


def test_what_cannot_be_read_is_passed_over_and_counted(few: Store, tiny: Make) -> None:
    lost = Path(few.sources(contrastive_splits(few, tiny()).ids("train")[:1])[0].path)
    aside = lost.with_suffix(".aside")
    lost.rename(aside)
    try:
        run = train_clmr(few, config=tiny())
    finally:
        aside.rename(lost)
    assert run.metrics["skipped_clips"] == 1
    assert run.metrics["train_clips"] == 18


def test_what_cannot_be_read_is_told_once_and_ends_a_strict_training(few: Store, tiny: Make) -> None:
    lost = Path(few.sources(contrastive_splits(few, tiny()).ids("train")[:1])[0].path)
    aside = lost.with_suffix(".aside")
    lost.rename(aside)
    told = Told()
    try:
        train_clmr(few, config=tiny(max_epochs=3), name="lenient", progress=told)
        with pytest.raises(BadInput, match=f"the training stops: .*{lost.name} is no longer where it was added"):
            train_clmr(few, config=tiny(max_epochs=3), name="strict", strict=True)
    finally:
        aside.rename(lost)
    [line] = [line for line in told.lines if "cannot be read" in line]
    assert f"such as: {lost} is no longer where it was added" in line
    run = train_clmr(few, config=tiny(max_epochs=3), name="strict", strict=True)
    assert run.metrics["skipped_clips"] == 0


def test_what_could_not_be_read_is_not_forgotten_by_an_interruption(few: Store, tiny: Make) -> None:
    """It is in the first batch; what comes after Ctrl-C never meets it."""
    config = tiny(max_epochs=1)
    teachers = contrastive_splits(few, config).ids("train")
    first = next(iter(pair_loader(few, "all", teachers, config, teaches=True))).clip_ids[0]
    lost = Path(few.sources([first])[0].path)
    aside = lost.with_suffix(".aside")
    lost.rename(aside)
    try:
        whole = train_clmr(few, config=config, name="whole")
        with pytest.raises(KeyboardInterrupt):
            train_clmr(few, config=config, name="pieces", progress=interrupted_at(2))
        pieces = train_clmr(few, config=config, name="pieces")
    finally:
        aside.rename(lost)
    assert whole.metrics["skipped_clips"] == 1
    assert isinstance(whole.metrics["skipped_clips"], int)
    assert pieces.metrics == whole.metrics
    assert lines(few, "pieces") == lines(few, "whole")


class Told:
    """A progress that keeps lines, and presses Ctrl-C after a step."""

    def __init__(self, step: int = 0) -> None:
        self.lines: list[str] = []
        self._step = step

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if done == self._step:
            signal.raise_signal(signal.SIGINT)

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_it_tells_its_name_its_clips_and_its_losses(few: Store, tiny: Make) -> None:
    told, again = Told(step=4), Told()
    with pytest.raises(KeyboardInterrupt):
        train_clmr(few, config=tiny(), progress=told)
    run = train_clmr(few, config=tiny(), progress=again)
    sizes = "run clmr-all-1: 18 clips teach, 3 are valid, 3 are left out as test"
    losses = [
        f"epoch {number} of 3: loss {line['train_loss']:.3f}, valid {line['valid_loss']:.3f}"
        for number, line in enumerate(lines(few, run.name), 1)
    ]
    assert told.lines == [f"{sizes}; begins", losses[0]]
    assert again.lines == [f"{sizes}; goes on in epoch 2 of 3, after step 4", *losses[1:]]
    assert run.metrics["test_clips"] == 3


def test_the_valid_loss_is_that_of_full_batches(few: Store, tiny: Make) -> None:
    """Of three valid clips two fill a batch; the third has no other to be told from, and would score 0."""
    run = train_clmr(few, config=tiny(batch_size=2, max_epochs=1, learning_rate=1e-9))
    assert abs(run.metrics["valid_loss"] - math.log(3)) < 0.7
    text = (run_folder(few, run.name) / "run.json").read_text()
    assert "NaN" not in text
    assert run.metrics.keys() >= MONITORS
