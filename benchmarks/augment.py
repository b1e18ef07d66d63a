"""How many crops a second the augmentations of CLMR make, and where the time goes.

A batch of 48 crops of 59,049 samples (noise and tones, made here), through the chain with the published probabilities,
on one thread (seconds of CPU time) and on two (seconds of the clock): crops_per_s_..., medians of several batches, each
of other random numbers. ms_per_crop_...: CPU time of each step alone, applied to every crop (p = 1), on one thread.

    python benchmarks/augment.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import torch
from report import write_result

from echodex.audio.augment.chain import Chain
from echodex.audio.augment.clmr import TransformsConfig, clmr_chain
from echodex.audio.augment.rng import BatchRng, row_seeds

RATE_HZ, SAMPLES, BATCH = 22_050, 3**10, 48
BATCHES = 15
NAMES = tuple(field.name for field in fields(TransformsConfig))
NEVER = TransformsConfig(**dict.fromkeys(NAMES, 0.0))


def crops() -> torch.Tensor:
    random = np.random.default_rng(0)
    time_s = np.arange(SAMPLES) / RATE_HZ
    tones = 0.3 * np.sin(2 * np.pi * random.uniform(100, 2000, (BATCH, 1)) * time_s)
    return torch.from_numpy((tones + 0.05 * random.standard_normal((BATCH, SAMPLES))).astype(np.float32))


def per_batch_s(chain: Chain, batch: torch.Tensor, clock: Callable[[], float], count: int = BATCHES) -> float:
    """Median seconds of a batch, after one that does not count."""
    clips = [str(row) for row in range(len(batch))]
    spent_s = []
    for epoch in range(count + 1):
        rng = BatchRng(row_seeds(0, epoch, clips))
        began_s = clock()
        chain(batch, rng)
        spent_s.append(clock() - began_s)
    return statistics.median(spent_s[1:])


def main() -> None:
    batch = crops()
    chain = clmr_chain(TransformsConfig(), RATE_HZ)
    figures: dict[str, float] = {}
    torch.set_num_threads(2)
    figures["crops_per_s_two_threads"] = BATCH / per_batch_s(chain, batch, time.perf_counter)
    torch.set_num_threads(1)
    figures["crops_per_s_one_thread"] = BATCH / per_batch_s(chain, batch, time.process_time)
    for name in NAMES:
        alone = clmr_chain(replace(NEVER, **{name: 1.0}), RATE_HZ)
        figures[f"ms_per_crop_{name}"] = 1000 * per_batch_s(alone, batch, time.process_time, 5) / BATCH
    write_result("augment", figures)


if __name__ == "__main__":
    main()
