from __future__ import annotations

import math
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from echodex.api import Store
from echodex.encoders.base import digest
from echodex.encoders.fingerprint import Fingerprint
from echodex.errors import BadInput, NotFound, UsageError
from echodex.progress import Progress
from echodex.training.fingerprint.clips import fingerprint_splits
from echodex.training.fingerprint.config import PRESETS, FingerprintTraining
from echodex.training.fingerprint.train import train_fingerprint
from echodex.training.machine import machine_precision
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log
from echodex.training.settings import read_settings
from echodex.training.trained import load_trained

Make = Callable[..., FingerprintTraining]


class Heard:
    """Progress that keeps the lines it is told, and presses Ctrl-C at a step."""

    def __init__(self, press: int = -1) -> None:
        self.lines: list[str] = []
        self._press = press

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if done == self._press:
            signal.raise_signal(signal.SIGINT)

    def say(self, line: str) -> None:
        self.lines.append(line)


def pressed_at(step: int) -> Progress:
    return Heard(step)


def test_a_run_and_its_folder(tunes: Store, brief: Make) -> None:
    heard = Heard()
    config = brief(max_epochs=3)
    run = train_fingerprint(tunes, config=config, progress=heard)
    assert run == load_run(tunes, "fingerprint-all-1")
    assert (run.objective, run.view) == ("fingerprint", "all")
    assert {
        "train_clips": 10,
        "valid_clips": 2,
        "test_clips": 0,
        "epochs": 3,
        "steps": 9,
    }.items() <= run.metrics.items()
    folder = run_folder(tunes, run.name)
    names = {path.name.partition(".out")[0] for path in folder.iterdir()} - {".lock"}
    assert names == {"run.json", "config.yaml", "splits.parquet", "metrics.jsonl", "events", "encoder.safetensors"}
    figures = read_log(folder)
    assert figures[-1]["train_loss"] < figures[0]["train_loss"]
    assert all(math.isfinite(value) for line in figures for value in line.values())
    assert {"top1_1", "top10_3", "alignment", "uniformity"} <= run.metrics.keys()
    assert "top1_5" not in run.metrics  # no clip is that long
    assert any("4 synthetic ones" in line for line in heard.lines)
    assert run.config["noise"] == run.config["rooms"] == "synthetic"
    found = read_settings(FingerprintTraining, PRESETS, folder / "config.yaml", [])
    assert asdict(found) == asdict(config)


def test_the_trained_encoder_is_one(tunes: Store, brief: Make) -> None:
    run = train_fingerprint(tunes, config=brief(max_epochs=1))
    encoder = load_trained(tunes, run.name)
    assert isinstance(encoder, Fingerprint)
    assert encoder.config == brief().encoder
    assert digest(encoder) == run.encoder_digest
    report = tunes.embed_with(encoder)
    assert (report.embedded, report.space.dim) == (12, 64)
    assert tunes.space(f"run:{run.name}") == report.space


@pytest.mark.parametrize(
    "settings",
    [
        {"chain": "phone", "context_s": 0.2},
        {"optimizer": "LAMB", "accumulate": 2, "schedule": "restarts"},
        {"loss": "triplet", "replicas": 2, "optimizer": "LAMB-pfann", "max_epochs": 3},
    ],
)
def test_interrupted_it_is_the_same_to_the_bit(tunes: Store, brief: Make, settings: dict[str, object]) -> None:
    config = brief(**settings)
    expected = train_fingerprint(tunes, config=config, name="whole")
    for step in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            train_fingerprint(tunes, config=config, name="pieces", progress=pressed_at(step))
        assert (run_folder(tunes, "pieces") / "last.safetensors").is_file()
    run = train_fingerprint(tunes, config=config, name="pieces")
    assert run.metrics == expected.metrics
    whole, pieces = (run_folder(tunes, name) for name in ("whole", "pieces"))
    for name in ("metrics.jsonl", "encoder.safetensors"):
        assert (whole / name).read_bytes() == (pieces / name).read_bytes()


def test_as_many_epochs_as_make_the_steps(tunes: Store, brief: Make) -> None:
    """Three batches an epoch; the same words go on with the same run, and other steps are another one."""
    config = brief(max_epochs=0, max_steps=7)
    with pytest.raises(KeyboardInterrupt):
        train_fingerprint(tunes, config=config, name="steps", progress=pressed_at(4))
    run = train_fingerprint(tunes, config=config, name="steps")
    assert (run.metrics["epochs"], run.metrics["steps"]) == (2, 6)
    assert (run.config["max_epochs"], run.config["max_steps"]) == (2, 7)


@pytest.mark.parametrize("name", ["mine", None])
def test_clips_that_come_meanwhile_do_not_change_what_was_begun(
    tunes: Store, brief: Make, tmp_path: Path, name: str | None
) -> None:
    config = brief(max_epochs=0, max_steps=7)
    with pytest.raises(KeyboardInterrupt):
        train_fingerprint(tunes, config=config, name=name, progress=pressed_at(4))
    (tmp_path / "late").mkdir()
    for seed in range(12):
        samples = 0.1 * np.random.default_rng(seed).standard_normal(3 * 8000)
        soundfile.write(tmp_path / "late" / f"{seed}.wav", samples, 8000)
    tunes.add(tmp_path / "late")
    run = train_fingerprint(tunes, config=config, name=name)
    assert run.name == (name or "fingerprint-all-1")
    assert (run.metrics["train_clips"], run.metrics["epochs"], run.metrics["steps"]) == (10, 2, 6)


def test_of_many_clips_fewer_anchors_each_are_taken(tunes: Store, brief: Make) -> None:
    """Three batches an epoch of two anchors a clip; of one anchor a clip, one."""
    run = train_fingerprint(tunes, config=brief(max_epochs=0, max_steps=4), name="short")
    assert (run.config["anchors_per_clip"], run.metrics["epochs"], run.metrics["steps"]) == (1, 4, 4)


@pytest.mark.parametrize("slip", [{"noise": "/nowhere"}, {"masks": "cutuot"}, {"start": "run:none"}])
def test_a_slip_of_the_pen_does_not_spend_the_name(tunes: Store, brief: Make, slip: dict[str, str]) -> None:
    with pytest.raises((NotFound, UsageError)):
        train_fingerprint(tunes, config=brief(**slip), name="mine")
    assert train_fingerprint(tunes, config=brief(max_epochs=1), name="mine").name == "mine"


def test_too_few_anchors_make_no_run(tunes: Store, brief: Make) -> None:
    with pytest.raises(UsageError, match="10 train clips with 20 anchors, fewer than a batch of 32"):
        train_fingerprint(tunes, config=brief(batch_size=64))
    assert not (tunes.path / "runs").exists()


def test_a_loss_that_is_not_finite_is_said(tunes: Store, brief: Make) -> None:
    with pytest.raises(BadInput, match="lower learning_rate"):
        train_fingerprint(tunes, config=brief(learning_rate=1e30, optimizer="Adam"))


def test_the_search_by_what_is_divided_and_encoded_as_well(tunes: Store, brief: Make) -> None:
    config = brief(max_epochs=1)
    plain = train_fingerprint(tunes, config=config)
    searched = train_fingerprint(tunes, config=replace(config, monitor_layers=True))
    added = searched.metrics.keys() - plain.metrics.keys()
    assert added == {
        f"{layer}_{figure}_{length}"
        for layer in ("f", "l2f")
        for figure in ("top1", "top3", "top10", "rank")
        for length in (1, 3)
    }
    assert {name: searched.metrics[name] for name in plain.metrics} == plain.metrics
    assert all(0 <= searched.metrics[name] <= 1 for name in added if "top" in name)
    assert 0 < searched.metrics["l2f_rank_1"] < 5  # of six segments, by a network that has learned next to nothing


def test_the_similarities_of_a_batch_are_shown(tunes: Store, brief: Make) -> None:
    run = train_fingerprint(tunes, config=brief(max_epochs=2))
    events = EventAccumulator(str(run_folder(tunes, run.name)))
    events.Reload()
    shown = events.Images("similarity")
    assert [(image.step, image.height, image.width) for image in shown] == [(0, 6, 6), (1, 6, 6)]


def test_a_network_of_ones_own_without_noise_or_rooms(tunes: Store, brief: Make) -> None:
    """Replicas are then but moved, and nearer to their anchors."""
    own = {"network_settings": "norm=layer1d activation=relu channels=8,8,16,16,32,32", "dim": 16, "max_epochs": 1}
    run = train_fingerprint(tunes, config=brief(noise="none", rooms="none", **own))
    encoder = load_trained(tunes, run.name)
    assert isinstance(encoder, Fingerprint)
    assert (encoder.config.norm, encoder.config.widths[-1], encoder.dim) == ("layer1d", 32, 16)
    assert run.metrics["alignment"] < train_fingerprint(tunes, config=brief(**own)).metrics["alignment"]


@pytest.mark.slow
def test_workers_change_nothing(tunes: Store, brief: Make) -> None:
    alone, with_workers = (train_fingerprint(tunes, config=brief(workers=workers)) for workers in (0, 2))
    assert with_workers.encoder_digest == alone.encoder_digest


def test_half_precision_and_what_the_machine_computes_in(tunes: Store, brief: Make) -> None:
    run = train_fingerprint(tunes, config=brief(precision="bf16-mixed", max_epochs=1))
    assert math.isfinite(run.metrics["valid_loss"])
    assert machine_precision() in ("bf16-mixed", "32-true")
    found = train_fingerprint(tunes, config=brief(precision="auto", max_epochs=1))
    assert found.config["precision"] == machine_precision()


def test_what_cannot_be_read_is_passed_over_and_counted(tunes: Store, brief: Make) -> None:
    teacher = fingerprint_splits(tunes, brief()).ids("train")[0]
    Path(tunes.sources([teacher])[0].path).unlink()
    assert train_fingerprint(tunes, config=brief()).metrics["skipped_clips"] == 1
    with pytest.raises(BadInput, match="so the training stops"):
        train_fingerprint(tunes, config=brief(), name="strict", strict=True)


@pytest.mark.slow
@pytest.mark.parametrize("gather", [False, True])
def test_two_processes_train_one_network(tunes: Store, brief: Make, gather: bool) -> None:
    config = brief(devices=2, batch_size=6, gather_negatives=gather, temperature=5.0)
    run = train_fingerprint(tunes, config=config)
    assert (run.metrics["epochs"], run.metrics["steps"]) == (2, 6)
    first = read_log(run_folder(tunes, run.name))[0]["train_loss"]
    assert first == pytest.approx(2 * math.log(2 * (6 if gather else 3) - 1), abs=0.4)  # nearly blind at such a heat
    assert load_trained(tunes, run.name).dim == 64
