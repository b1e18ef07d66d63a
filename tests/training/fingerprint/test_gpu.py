from __future__ import annotations

import math
import signal
from collections.abc import Callable

import numpy as np
import pytest
import torch

from echodex.api import Store
from echodex.encoders.fingerprint.frontend import LogMel
from echodex.training.fingerprint.config import FingerprintTraining
from echodex.training.fingerprint.pools import read_pools
from echodex.training.fingerprint.replicas import Shown
from echodex.training.fingerprint.train import train_fingerprint
from echodex.training.run import run_folder
from echodex.training.runlog import read_log

Make = Callable[..., FingerprintTraining]


@pytest.fixture(autouse=True)
def _needs_cuda() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")


@pytest.mark.gpu
@pytest.mark.parametrize("chain", ["phone", "nafp", "pfann"])
def test_the_network_is_shown_what_it_is_shown_on_a_cpu(brief: Make, chain: str) -> None:
    config = brief(chain=chain, context_s=0.25 if chain != "nafp" else 0.0)
    pools = read_pools(config)
    samples = 8000 + config.context_samples
    pairs = 0.1 * torch.randn(4, 1, samples, generator=torch.Generator().manual_seed(3)).expand(-1, 2, -1)
    names = ["a:0", "a:1", "b:0", "b:1"]
    here, there = (
        Shown(config, pools, LogMel(config.encoder), torch.device(device))(pairs.to(device), names, 2, masked=True)
        for device in ("cpu", "cuda")
    )
    assert there.device.type == "cuda"
    apart = (there.cpu() - here).abs()
    assert float(apart.median()) < 0.01
    assert float(apart.quantile(0.95)) < 0.1  # the quietest bands differ by rounding; masks and draws do not


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
@pytest.mark.parametrize("settings", [{}, {"chain": "phone", "context_s": 0.2}, {"loss": "triplet", "replicas": 2}])
def test_the_loss_falls(tunes: Store, brief: Make, precision: str, settings: dict[str, object]) -> None:
    run = train_fingerprint(tunes, config=brief(precision=precision, max_epochs=8, monitor_layers=True, **settings))
    losses = [line["train_loss"] for line in read_log(run_folder(tunes, run.name))]
    assert losses[-1] < losses[0]
    assert all(math.isfinite(value) for value in run.metrics.values())


@pytest.mark.gpu
@pytest.mark.parametrize("optimizer", ["Adam", "AdamW", "LAMB", "LAMB-pfann"])
def test_interrupted_it_goes_on_where_it_was(tunes: Store, brief: Make, optimizer: str) -> None:
    def press(stage: str, done: int, total: int | None) -> None:
        if done == 4:
            signal.raise_signal(signal.SIGINT)

    config = brief(optimizer=optimizer, precision="16-mixed", max_epochs=3)
    with pytest.raises(KeyboardInterrupt):
        train_fingerprint(tunes, config=config, name="pieces", progress=press)
    run = train_fingerprint(tunes, config=config, name="pieces")
    assert (run.metrics["epochs"], run.metrics["steps"]) == (3, 9)


@pytest.mark.gpu
def test_it_learns_what_a_cpu_learns(tunes: Store, brief: Make) -> None:
    """Nearly: the first epoch's loss and the space that comes of it."""
    there = train_fingerprint(tunes, config=brief(max_epochs=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        here = train_fingerprint(tunes, config=brief(max_epochs=1))
    assert there.metrics["train_loss"] == pytest.approx(here.metrics["train_loss"], rel=0.05)
    spaces = [tunes.embed(f"run:{run.name}").space.name for run in (here, there)]
    cosines = np.sum(tunes.vectors(spaces[0]).matrix * tunes.vectors(spaces[1]).matrix, axis=1)
    assert float(cosines.min()) > 0.9
