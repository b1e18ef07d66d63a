"""The preset "published" against the published protocol, written out in plain PyTorch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from echodex.training.config import PRESETS, ProbeConfig
from echodex.training.fit import fit_head
from echodex.training.module import Examples, fresh_head
from echodex.training.order import Shuffle, epoch_rows
from echodex.training.shards import Shard

PUBLISHED = PRESETS["published"]


def tagged(count: int, seed: int) -> Examples:
    """Vectors that are never negative, as SampleCNN's are, and three noisy tags."""
    weights = np.random.default_rng(99).standard_normal((16, 3))
    random = np.random.default_rng(seed)
    vectors = np.maximum(random.standard_normal((count, 16)), 0).astype(np.float32)
    return Examples(vectors, (vectors @ weights + 2 * random.standard_normal((count, 3)) > 0).astype(np.float32))


def published_loop(
    train: Examples, valid: Examples, config: ProbeConfig
) -> tuple[list[torch.Tensor], list[float], int]:
    """Return the weights of the last epoch, the learning rate of each, and how many there were."""
    inputs, targets, valid_inputs, valid_targets = map(
        torch.from_numpy, (train.vectors, train.targets, valid.vectors, valid.targets)
    )
    net = fresh_head(16, config.hidden, 3, config.seed)
    criterion = torch.nn.BCEWithLogitsLoss()
    adam = torch.optim.Adam(net.parameters(), lr=config.learning_rate, weight_decay=1e-6)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        adam, mode="min", factor=0.1, patience=5, threshold=1e-4, threshold_mode="rel"
    )
    best, waited, rates = float("inf"), 0, []
    for epoch in range(config.max_epochs):
        rates.append(adam.param_groups[0]["lr"])
        rows = epoch_rows(len(inputs), Shuffle(config.seed), Shard(48), epoch)
        for batch in np.split(rows, range(48, len(rows), 48)):
            adam.zero_grad()
            criterion(net(inputs[batch]), targets[batch]).backward()
            adam.step()
        with torch.no_grad():
            loss = float(criterion(net(valid_inputs), valid_targets))
        plateau.step(loss)
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited == 10:
            break
    return [parameter.detach() for parameter in net.parameters()], rates, epoch + 1


@pytest.mark.parametrize("hidden", [0, 16])
def test_the_same_weights_rates_and_end(hidden: int, tmp_path: Path) -> None:
    train, valid = tagged(300, 0), tagged(80, 1)
    config = replace(PUBLISHED, hidden=hidden, learning_rate=0.02)  # enough for it to end early
    weights, rates, epochs = published_loop(train, valid, config)
    fitted = fit_head(train, valid, 3, config, folder=tmp_path)
    assert fitted.epochs == epochs < config.max_epochs
    names = ("0.weight", "0.bias", "2.weight", "2.bias")[: len(weights)]
    for name, expected in zip(names, weights, strict=True):
        np.testing.assert_allclose(fitted.weights[name], expected.numpy(), atol=1e-5)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["learning_rate"] for line in lines] == pytest.approx(rates)
    assert rates[-1] == pytest.approx(rates[0] / 10)
    assert fitted.valid_loss == pytest.approx(lines[-1]["valid_loss"])


def test_the_default_keeps_the_best_epoch() -> None:
    train, valid = tagged(300, 0), tagged(80, 1)
    last = fit_head(train, valid, 3, replace(PUBLISHED, learning_rate=0.02))
    best = fit_head(train, valid, 3, replace(PUBLISHED, learning_rate=0.02, weights="best"))
    assert best.epochs == last.epochs
    assert best.valid_loss < last.valid_loss
