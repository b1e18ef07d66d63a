from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from echodex.errors import BadInput
from echodex.training.config import PRESETS, ProbeConfig
from echodex.training.fit import Fitted, fit_head
from echodex.training.head import Head
from echodex.training.interrupt import interrupt_flag
from echodex.training.layout import STATE_FILE
from echodex.training.module import Examples

CONFIG = ProbeConfig(max_epochs=6, batch_size=16)


def blobs(count: int, seed: int, classes: int = 4, dim: int = 8) -> Examples:
    """Unit vectors around `classes` centres that are the same for every seed, with much noise."""
    centres = np.random.default_rng(99).standard_normal((classes, dim))
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes, count)
    vectors = centres[targets] + random.standard_normal((count, dim))
    return Examples((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), targets)


def accuracy(weights: dict[str, np.ndarray], examples: Examples, classes: int = 4) -> float:
    head = Head(weights, tuple(map(str, range(classes))), False)
    return float((head.logits(examples.vectors).argmax(axis=1) == examples.targets).mean())


@pytest.mark.parametrize("config", [ProbeConfig(max_epochs=40), ProbeConfig(hidden=32, max_epochs=30)])
def test_as_good_as_logistic_regression(config: ProbeConfig) -> None:
    train, valid, test = (blobs(count, seed) for seed, count in enumerate((400, 200, 1000)))
    fitted = fit_head(train, valid, 4, config)
    oracle = LogisticRegression(C=10).fit(train.vectors, train.targets).score(test.vectors, test.targets)
    assert accuracy(dict(fitted.weights), test) > oracle - 0.02
    assert fitted.epochs <= config.max_epochs


def test_multi_label() -> None:
    train, valid = blobs(300, 0), blobs(100, 1)
    hot, hot_valid = (Examples(e.vectors, np.eye(4, dtype=np.float32)[e.targets]) for e in (train, valid))
    fitted = fit_head(hot, hot_valid, 4, ProbeConfig(max_epochs=20))
    assert fitted.valid_loss < 0.5
    assert accuracy(dict(fitted.weights), valid) > 0.6


def test_the_published_settings_run() -> None:
    fitted = fit_head(blobs(60, 0), blobs(20, 1), 4, replace(PRESETS["published"], max_epochs=2))
    assert fitted.steps == 4


def test_same_seed_same_bits_whatever_the_threads() -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    first = fit_head(blobs(100, 0), blobs(50, 1), 4, CONFIG)
    torch.manual_seed(5)
    torch.set_num_threads(2)
    again = fit_head(blobs(100, 0), blobs(50, 1), 4, CONFIG)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    torch.random.set_rng_state(state)
    other = fit_head(blobs(100, 0), blobs(50, 1), 4, ProbeConfig(max_epochs=6, batch_size=16, seed=1))
    assert np.array_equal(first.weights["0.weight"], again.weights["0.weight"])
    assert not np.array_equal(first.weights["0.weight"], other.weights["0.weight"])


def fit_with_ctrl_c(train: Examples, valid: Examples, config: ProbeConfig, folder: Path, step: int) -> Fitted:
    """Fit, and press Ctrl-C during step number `step`."""

    def press(stage: str, done: int, total: int | None) -> None:
        assert (stage, total) == ("train", 7 * config.max_epochs)
        if done == step:
            signal.raise_signal(signal.SIGINT)

    with interrupt_flag() as interrupt:
        return fit_head(train, valid, 4, config, folder=folder, interrupt=interrupt, progress=press)


@pytest.mark.promise("P11")
def test_interrupted_six_times_the_curve_is_the_same_to_the_bit(tmp_path: Path) -> None:
    """100 examples in batches of 16: seven steps an epoch, the last one short; the 14th and 42nd step end one."""
    train, valid = blobs(100, 0), blobs(50, 1)
    config = ProbeConfig(max_epochs=12, batch_size=16, plateau_patience=1, stop_delta=0.0)
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    expected = fit_head(train, valid, 4, config, folder=whole)
    for step in (1, 9, 14, 15, 42, 80):
        with pytest.raises(KeyboardInterrupt):
            fit_with_ctrl_c(train, valid, config, pieces, step)
        assert (pieces / STATE_FILE).is_file()
    found = fit_head(train, valid, 4, config, folder=pieces)
    assert (pieces / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    assert (found.valid_loss, found.epochs, found.steps) == (expected.valid_loss, expected.epochs, expected.steps)
    assert all(np.array_equal(found.weights[name], expected.weights[name]) for name in expected.weights)


def test_the_best_epoch_is_kept_and_stops_the_training(tmp_path: Path) -> None:
    config = ProbeConfig(max_epochs=100, batch_size=16, learning_rate=0.3, stop_patience=3, stop_delta=0.0)
    fitted = fit_head(blobs(100, 0), blobs(50, 1), 4, config, folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [line["valid_loss"] for line in lines]
    assert fitted.valid_loss == min(losses)
    assert fitted.epochs == len(losses) == losses.index(min(losses)) + 1 + 3


def test_a_loss_that_is_never_finite() -> None:
    train = blobs(40, 0)
    broken = Examples(np.full_like(train.vectors, np.inf), train.targets)
    with pytest.raises(BadInput, match="learning_rate"), np.errstate(all="ignore"):
        fit_head(broken, broken, 4, ProbeConfig(max_epochs=2, standardise=False))
