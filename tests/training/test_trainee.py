from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax

from echodex.training.trainee import Trainee, label_loss, seeded

CPU = torch.device("cpu")


class Line(Trainee):
    """One weight."""

    max_epochs, epoch_batches = 2, 3

    def __init__(self, state: object = None) -> None:
        super().__init__()
        self.net = torch.nn.Linear(1, 1)
        self.resume(state)


def test_losses_by_the_book() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(5, 4)).astype(np.float32)
    hot = random.integers(0, 2, (5, 4)).astype(np.float32)
    numbers = random.integers(0, 4, 5)
    p = expit(logits.astype(np.float64))
    several = -(hot * np.log(p) + (1 - hot) * np.log(1 - p)).mean()
    one = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(5), numbers].mean()
    found = [label_loss(torch.from_numpy(logits), torch.from_numpy(targets)) for targets in (hot, numbers)]
    assert [float(loss) for loss in found] == pytest.approx([several, one], rel=1e-6)


def test_seeded_numbers_depend_on_the_parts_alone_and_leave_nothing_behind() -> None:
    before = torch.random.get_rng_state()
    drawn = []
    for parts in [(1, 2), (1, 3), (1, 2)]:
        torch.rand(3)
        with seeded(CPU, 42, *parts):
            drawn.append(torch.rand(4))
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])
    torch.random.set_rng_state(before)
    with seeded(CPU, 42, 1):
        torch.rand(100)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_goes_on_from_a_state() -> None:
    first = Line()
    optimizer = torch.optim.SGD(first.net.parameters(), 0.1, momentum=0.9)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    first.net(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    for loss in (1.0, 2.0):
        plateau.step(loss)
    place = {"epoch": 1, "batch": 2, "step": 5, "loss_sum": 0.5, "examples": 7, "skipped": ["a"]}
    state = {
        "place": place,
        "net": first.net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": plateau.state_dict(),
    }
    again = Line(state)
    assert vars(again.place) == place
    assert torch.equal(again.net.weight, first.net.weight)  # type: ignore[arg-type]
    fresh = torch.optim.SGD(again.net.parameters(), 0.1, momentum=0.9)
    found = again.optimised(fresh, torch.optim.lr_scheduler.ReduceLROnPlateau(fresh, factor=0.5, patience=0))
    assert found["optimizer"].param_groups[0]["lr"] == 0.05
    assert found["lr_scheduler"]["scheduler"].best == 1.0
    assert fresh.state_dict()["state"][0]["momentum_buffer"] is not None


def test_a_beginning_without_a_schedule() -> None:
    module = Line()
    optimizer = torch.optim.SGD(module.net.parameters(), 0.1)
    assert module.optimised(optimizer, None) is optimizer
    assert (module.place.epoch, module.figures()) == (0, {})
