"""How fast CLMR's training is fed from a table of waveforms, against the published way on the same files and cores.

crops_per_s_vs_files: augmented crops per second, from the table through view_loader and the batched chain of
audio.augment, over those of benchmarks/clmr_published.py with as many workers as cores; epochs alternate, the start of
workers is not counted, the page cache is warm. On a GPU the chain runs there, as in training; the peer's augmentation
is on the CPU, as published. What stands in there for sox is slower than sox: crops_per_s_vs_files_sox_free is over the
peer without those steps, faster than any peer can be, and crops_per_s_vs_files_sox over what that peer would reach if
its workers spent on each crop what sox was measured to take, too: the nearest to the published program.
loader_crops_per_s_vs_files: both without augmentation. loader_over_model_rate: crops per second of the loader alone,
over those that a training step (SampleCNN, NT-Xent, Adam; mixed precision on a GPU) uses up.
crops_per_s_model(_quarter)(_bf16): those of steps of a network of the published width, or a quarter of it.

    python benchmarks/clmr_step.py [--clips 600] [--seconds 29] [--turns 3] [--device cuda]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import soundfile
import torch
from clmr_published import CROP, PUBLISHED, RATE_HZ, SOX_S, WITHOUT_SOX, published_loader
from loader import compare
from report import write_result

from echodex.api import Store
from echodex.audio.augment.chain import Chain
from echodex.audio.augment.clmr import TransformsConfig, clmr_chain
from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.training.contrastive.ntxent import ntxent
from echodex.training.contrastive.simclr import fresh_simclr
from echodex.training.loader import Batch, view_loader
from echodex.training.memory import freed_memory_kept

PAIRS = 48
STEPS = {"cpu": 2, "cuda": 30}
STEP_PAIRS = {"cpu": 8, "cuda": PAIRS}
"""On a CPU a step of 48 pairs takes 20 s; the rate per crop is that of 8."""


def make_files(folder: Path, clips: int, seconds: float) -> list[str]:
    """Write clips as the published `preprocess` leaves them: mono wav at 22,050 Hz."""
    random, paths = np.random.default_rng(0), []
    for number in range(clips):
        path = folder / f"{number:05}.wav"
        soundfile.write(path, 0.1 * random.standard_normal(round(seconds * RATE_HZ)), RATE_HZ)
        paths.append(str(path))
    return paths


def drain(batches: Iterable[Batch]) -> int:
    return sum(2 * len(batch.inputs) for batch in batches)


def drain_published(batches: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> int:
    return sum(len(x_i) + len(x_j) for x_i, x_j in batches)


def augment(batches: Iterable[Batch], chain: Chain, device: torch.device) -> int:
    """Take an epoch through the chain, both views of each clip; return how many crops that were."""
    crops = 0
    for batch in batches:
        inputs = batch.inputs.to(device, non_blocking=True)
        for view in (0, 1):
            seeds = row_seeds(0, 0, batch.clip_ids, view).to(device)
            crops += len(chain(inputs[:, view], BatchRng(seeds)))
    if device.type == "cuda":
        torch.cuda.synchronize()
    return crops


def model_rate(device: torch.device, *, width: float = 1.0, half: bool) -> float:
    """Return crops per second of training steps on waveforms that are there already; half: in bfloat16."""
    network = fresh_simclr(width, 64, 0).to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-4)
    views = 0.1 * torch.randn(2 * STEP_PAIRS[device.type], CROP, device=device)

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            z = network(views)[1]
        loss = ntxent(*z.float().chunk(2), 0.5)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    with freed_memory_kept():
        step()
        began_s = time.perf_counter()
        for _ in range(STEPS[device.type]):
            step()
        return len(views) * STEPS[device.type] / (time.perf_counter() - began_s)


def measure(paths: list[str], store: Store, device: torch.device, turns: int) -> dict[str, float]:
    cores = len(os.sched_getaffinity(0))
    ours_workers = max(1, cores // 2) if device.type == "cuda" else 0  # on a CPU the chain keeps all cores busy
    chain = clmr_chain(TransformsConfig(), RATE_HZ)
    ours = view_loader(
        store, batch_size=PAIRS, seconds=CROP / RATE_HZ, crops=2, workers=ours_workers, drop_last=True, labels=None
    )
    theirs, sox_free, plain = (published_loader(paths, PAIRS, cores, steps) for steps in (PUBLISHED, WITHOUT_SOX, ()))
    ways: dict[str, Callable[[], int]] = {
        "table": lambda: augment(ours, chain, device),
        "files": lambda: drain_published(theirs),
        "files_sox_free": lambda: drain_published(sox_free),
        "loader_table": lambda: drain(ours),
        "loader_files": lambda: drain_published(plain),
    }
    with freed_memory_kept():  # as in training
        rates = compare(ways, turns)
    with_sox = 1 / (1 / rates["files_sox_free"] + SOX_S / cores)
    model = model_rate(device, half=device.type == "cuda")
    return {
        "crops_per_s_vs_files": rates["table"] / rates["files"],
        "crops_per_s_vs_files_sox_free": rates["table"] / rates["files_sox_free"],
        "crops_per_s_vs_files_sox": rates["table"] / with_sox,
        "loader_over_model_rate": rates["loader_table"] / model,
        "loader_crops_per_s_vs_files": rates["loader_table"] / rates["loader_files"],
        **{f"crops_per_s_{name}": rate for name, rate in rates.items()},
        "crops_per_s_model": model,
        "crops_per_s_model_bf16": model_rate(device, half=True),
        "crops_per_s_model_quarter": model_rate(device, width=0.25, half=False),
        "crops_per_s_model_quarter_bf16": model_rate(device, width=0.25, half=True),
        "cores": cores,
        "workers_table": ours_workers,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=29.0, help="of each clip")
    parser.add_argument("--turns", type=int, default=3, help="epochs that each way is timed for")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    asked = parser.parse_args()
    if "OMP_WAIT_POLICY" not in os.environ:  # threads that wait leave the cores to the workers, here and there
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode)
    with tempfile.TemporaryDirectory() as name:
        paths = make_files(Path(name), asked.clips, asked.seconds)
        store = Store.open(Path(name) / "library")
        store.add(*paths)
        report = store.materialise()
        print(f"{report.written} clips, {report.hours:.2f} h, {report.size_bytes / 1e6:.0f} MB")
        write_result("clmr_step", measure(paths, store, torch.device(asked.device), asked.turns))


if __name__ == "__main__":
    main()
