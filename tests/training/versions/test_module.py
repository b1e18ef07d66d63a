"""The training on frames in memory: what the loop does, without a store."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch

from echodex.training.interrupt import InterruptFlag
from echodex.training.keeper import Keeper, StopCondition
from echodex.training.machine import machine_flags
from echodex.training.shards import Shard
from echodex.training.trainer import run_trainer
from echodex.training.versions.config import VersionsTraining
from echodex.training.versions.items import ItemPlan
from echodex.training.versions.loaders import ItemLoader, Items, item_loader
from echodex.training.versions.module import VersionsModule
from echodex.training.versions.shown import shown, taught

from .conftest import HeldFrames, some_works

Make = Callable[..., VersionsTraining]


class Heard:
    """Progress that keeps the lines it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        pass

    def say(self, line: str) -> None:
        self.lines.append(line)


def loaders(config: VersionsTraining, works: int = 6, noise: float = 0.05) -> tuple[ItemLoader, ItemLoader]:
    crop, taught, valid = 40, some_works(works), some_works(3, 2, "valid-")
    return (
        item_loader(HeldFrames(taught), ItemPlan(taught, config.versions, crop, config.seed), Shard(config.batch_size)),
        item_loader(
            HeldFrames(valid, 1, noise), ItemPlan(valid, 1, crop, config.seed, False), Shard(config.batch_size)
        ),
    )


def trained(config: VersionsTraining, **others: Any) -> tuple[VersionsModule, Keeper]:
    module = VersionsModule(*loaders(config, **others), config, None)
    keeper = Keeper(module, StopCondition(None, 0.0, InterruptFlag()), None, None, Heard())
    run_trainer(module, keeper, accelerator="cpu", **machine_flags(1, config.precision, 1))
    return module, keeper


def test_the_figures_of_an_epoch(brief: Make) -> None:
    module, keeper = trained(brief())
    assert (module.place.epoch, module.place.step) == (2, 2 * 5)  # 18 anchors, 4 a batch
    figures = module.figures()
    assert set(figures) == {"m_MAP", "m_MR1", "m_ARP", "m_COMP"}
    assert 0 < figures["m_MAP"] <= 1
    assert keeper.best is not None
    assert keeper.best.loss <= figures["m_COMP"]


@pytest.mark.parametrize(("monitor", "figure"), [("comp", "m_COMP"), ("map", "m_MAP")])
def test_the_best_epoch_is_that_of_the_monitor(brief: Make, monitor: str, figure: str) -> None:
    module, keeper = trained(brief(monitor=monitor, max_epochs=1))
    value = module.figures()[figure]
    assert keeper.best is not None
    assert keeper.best.loss == pytest.approx(value if monitor == "comp" else 1 - value)


def test_a_plateau_lowers_the_rate_and_ends_the_training(brief: Make) -> None:
    """The valid versions are alike, so that COMP is 0 from the first epoch on: each second one after it is too many."""
    module, keeper = trained(
        brief(max_epochs=50, plateau_patience=1, learning_rate=1e-6, least_rate=1e-8), works=2, noise=0.0
    )
    assert keeper.best is not None
    assert keeper.best.loss == 0
    assert module.trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(8e-9)
    assert module.place.epoch == 1 + 2 * 3


def test_what_is_not_finite_ends_it_and_the_best_remains(brief: Make) -> None:
    module, keeper = trained(brief(max_epochs=5, learning_rate=1e30))
    assert module.place.epoch == 1
    assert not module.finite
    assert keeper.best is None


def test_one_work_alone_teaches_too(brief: Make) -> None:
    module, _ = trained(brief(max_epochs=1, batch_size=2), works=1)
    assert module.place.step == 2
    assert module.finite


def test_the_network_is_shown_what_depends_on_the_seed_and_the_epoch_alone(brief: Make) -> None:
    config = brief(mask=1.0, stretch=1.0, transpose=1.0)
    module = VersionsModule(*loaders(config), config, None)
    batch = next(iter(module.train_dataloader()))
    names = list(batch.clip_ids)
    first, again, later = (taught(batch.inputs, names, epoch, config) for epoch in (0, 0, 1))
    plain = shown(batch.inputs, config.shingle_hop_s, config)
    assert first.shape == plain.shape == (4, 3, 2, 84, 20)
    assert torch.equal(first, again)
    assert not torch.equal(first, later)
    assert torch.equal(taught(batch.inputs, names, 0, brief(mask=0.0, stretch=0.0, transpose=0.0)), plain)


def test_of_what_is_measured_on_the_vectors_are_kept_and_no_frames(brief: Make) -> None:
    """Of ten thousand clips of fourteen published segments these would be nine gigabytes on the GPU."""
    config = brief()
    module = VersionsModule(*loaders(config), config, None).eval()
    segments = torch.rand(5, 1, 3, 84, 23)
    size = segments.untyped_storage().nbytes()
    with torch.no_grad():
        module.validation_step(Items(segments, torch.zeros(5, 1), torch.arange(5)[:, None]), 0)
    del segments
    gc.collect()
    alive = [each for each in gc.get_objects() if type(each) is torch.Tensor and each.layout is torch.strided]
    assert size not in {each.untyped_storage().nbytes() for each in alive}
