"""Checks that need a CUDA device: that it trains there, in half precision too, to about what a CPU learns."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from echodex.training.interrupt import InterruptFlag
from echodex.training.keeper import Keeper, StopCondition
from echodex.training.machine import machine_flags
from echodex.training.trainer import run_trainer
from echodex.training.versions.config import PRESETS, VersionsTraining
from echodex.training.versions.module import VersionsModule
from echodex.training.versions.shown import taught

from .test_module import Heard, loaders

Make = Callable[..., VersionsTraining]


@pytest.fixture(autouse=True)
def _needs_cuda() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")


def trained(config: VersionsTraining, accelerator: str = "") -> tuple[VersionsModule, list[str]]:
    module, heard = VersionsModule(*loaders(config), config, None), Heard()
    keeper = Keeper(module, StopCondition(None, 0.0, InterruptFlag()), None, None, heard)
    run_trainer(module, keeper, accelerator=accelerator, **machine_flags(1, config.precision, 1))
    return module, heard.lines


@pytest.mark.gpu
def test_the_network_is_shown_what_it_is_shown_on_a_cpu(brief: Make) -> None:
    config = brief(mask=0.5, stretch=0.5, transpose=0.5)
    pieces = torch.rand(4, 3, 40, 84, generator=torch.Generator().manual_seed(0))
    here, there = (taught(pieces.to(device), ["a", "b", "c", "d"], 1, config) for device in ("cpu", "cuda"))
    torch.testing.assert_close(there.cpu(), here, atol=1e-4, rtol=0)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_it_trains(brief: Make, precision: str) -> None:
    module, lines = trained(brief(precision=precision, max_epochs=4))
    assert all(math.isfinite(value) for value in module.figures().values())
    losses = [float(line.partition("loss ")[2].partition(",")[0]) for line in lines]
    assert losses[-1] < losses[0]


@pytest.mark.gpu
def test_it_learns_what_a_cpu_learns(brief: Make) -> None:
    here, there = (trained(brief(max_epochs=1), accelerator)[0] for accelerator in ("cpu", "cuda"))
    assert there.figures()["m_MAP"] == pytest.approx(here.figures()["m_MAP"], abs=0.15)


@pytest.mark.gpu
@pytest.mark.parametrize("network", ["dvi", "shs"])
def test_a_step_of_the_published_size(network: str) -> None:
    """Four works of four versions with eight segments each, through 200 million parameters."""
    config = PRESETS[network]
    module = VersionsModule(*loaders(config), config, None).cuda().train()
    segments = torch.rand(128, 84, 200, device="cuda")
    z = module.net(segments).view(16, 8, -1)
    works = torch.arange(4, device="cuda").repeat_interleave(4)
    loss = config.loss(z, works, torch.arange(16, device="cuda"))
    loss.backward()  # type: ignore[no-untyped-call]
    assert math.isfinite(float(loss.detach()))
