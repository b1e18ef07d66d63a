"""A training that is interrupted and gone on with has the figures, and gives the weights, of one left alone."""

from __future__ import annotations

import random
import signal

import pytest
import torch
from harness.promise import Promise

from echodex.api import Store
from echodex.progress import Progress
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.train import train_clmr
from echodex.training.run import run_folder

SETTINGS = {"width": 1 / 32, "batch_size": 6, "sample_rate": 8000, "transforms_pitch": 0.0, "transforms_reverb": 0.0}


def interrupted_at(step: int) -> Progress:
    def press(stage: str, done: int, total: int | None) -> None:
        if done == step:
            signal.raise_signal(signal.SIGINT)

    return press


@pytest.mark.promise("P11")
def test_interrupted_and_gone_on_with(promise: Promise, kinds: Store) -> None:
    """With workers and without; the figures are those of no workers."""
    torch.set_num_threads(1)
    kinds.remove(kinds.clips(["clip_id"]).column(0).to_pylist()[24:])
    epochs, presses = promise.size(2, 6), promise.size(1, 6)
    counts = [0, 2] if promise.full else [0]
    whole = train_clmr(kinds, config=config(0, epochs), name="whole")
    steps = int(whole.metrics["steps"])
    for workers in counts:
        name = f"pieces-{workers}"
        for step in sorted(random.Random(workers).sample(range(1, steps), presses)):
            with pytest.raises(KeyboardInterrupt):
                train_clmr(kinds, config=config(workers, epochs), name=name, progress=interrupted_at(step))
        train_clmr(kinds, config=config(workers, epochs), name=name)
        for file in ("metrics.jsonl", "encoder.safetensors"):
            same = (run_folder(kinds, name) / file).read_bytes() == (run_folder(kinds, "whole") / file).read_bytes()
            promise.trial(same, f"{presses} interrupts, {workers} workers: {file}")


def config(workers: int, epochs: int) -> ClmrTraining:
    return ClmrTraining(workers=workers, max_epochs=epochs, transforms_delay=0.0, **SETTINGS)  # type: ignore[arg-type]
