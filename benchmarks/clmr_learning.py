"""What contrastive pre-training from stored views learns: CLMR at a quarter of its width, on clips of the environment.

The clips (of a CSV with the columns path, category and fold: ../shared/data/environment, 1,280 clips of ESC-50) are
added with fold 4 as the test split, and the waveforms of all of them materialised. A SampleCNN is pre-trained without
labels on the train clips of three views: all, half of them by facility location on `timbre` vectors, and half at random
(another half for each seed), each with the same settings and several seeds. Then a linear head learns all train labels
from the frozen vectors, whichever view the encoder saw, and is tested on fold 4. The same head on vectors of the
network before training, as it is and with batch norms that have seen the clips, and on `timbre`.

probe_trained, probe_pruned_half, probe_random_half, probe_untrained(_normed), probe_timbre: mean test accuracy over the
seeds; ..._lo, ..._hi: its 95 % interval (Student's t), which speaks of other seeds, not of other clips. knn_...: the
same for the share of clips whose label is that of their nearest train clips (5, by cosine), where nothing is learned.
probe_A_minus_B(_lo, _hi): of the differences in pairs, seed by seed. crops_per_s, epoch_s: of such a training on all
cores, an epoch on view "all", by the clock. cpu_ms_per_crop_...: processor time of reading, augmenting and the
step of the network. These are measured anew each time: run the command once more when the machine does nothing else.
Learning curves: results/clmr_learning.png.

    python benchmarks/clmr_learning.py [--labels FILE.csv] [--store DIR] [--epochs 32] [--seeds 3]

Interrupted, the same command goes on: trainings that are done are taken from the store.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from report import RESULTS, write_result
from safetensors.torch import save_file

from echodex.api import Store, train
from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.errors import NotFound
from echodex.evaluation.stats import mean_interval
from echodex.training.contrastive.config import PRESETS, ClmrTraining
from echodex.training.contrastive.monitors import NEIGHBOURS
from echodex.training.contrastive.ntxent import ntxent
from echodex.training.contrastive.simclr import fresh_simclr
from echodex.training.loader import ViewLoader, view_loader
from echodex.training.memory import freed_memory_kept
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log

LABELS = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "environment" / "labels.csv"
STORE = Path(__file__).parent / ".stores" / "clmr_learning"
TEST_FOLD = "4"
SMALL = PRESETS["clmr-small"]
TRAINED = {"trained": "all", "pruned_half": "half", "random_half": "random-{seed}"}
"""Name of a figure -> the view that its encoders are pre-trained on."""
COLORS = {"trained": "#0072B2", "pruned_half": "#D55E00", "random_half": "#009E73"}
"""Told apart with any common kind of colour blindness (Okabe and Ito, 2008)."""
COMPARED = [("trained", "untrained_normed"), ("pruned_half", "random_half"), ("pruned_half", "trained")]
STEPS = 8


@dataclass(frozen=True)
class Plan:
    """What to train: seeds 0, 1, ..., each for so many epochs."""

    seeds: int
    epochs: int

    def settings(self, seed: int) -> dict[str, float | str]:
        return {
            "preset": "clmr-small",
            "precision": "bf16-mixed",
            "seed": seed,
            "max_epochs": self.epochs,
        }


def progress(stage: str, done: int, total: int) -> None:
    if done == total or done % 100 == 0:
        print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)


def make_store(path: Path, labels: Path, seeds: int) -> Store:
    """Return the store with clips, `timbre` vectors, waveforms and views, whichever of them are there already."""
    store = Store.open(path)
    listed = path / "labels.csv"
    with labels.open() as source, listed.open("w") as target:
        written = csv.writer(target)
        written.writerow(["path", "label", "split"])
        for row in csv.DictReader(source):
            split = "test" if row["fold"] == TEST_FOLD else "train"
            written.writerow([labels.parent.resolve() / row["path"], row["category"], split])
    store.add(labels=listed)
    store.embed("timbre")
    store.materialise()
    plans = {"half": ("facility", 0)} | {f"random-{seed}": ("random", seed) for seed in range(seeds)}
    for name, (selector, seed) in plans.items():
        try:
            store.view(name)
        except NotFound:
            store.prune(selector, space="timbre", keep=0.5, seed=seed).save(name)
    return store


def pretrain(store: Store, view: str, seed: int, plan: Plan) -> str:
    """Return the name of the run that is trained so, training it where it is not done."""
    name = f"{view}-seed{seed}"
    try:
        done = bool(load_run(store, name).metrics)
    except NotFound:
        done = False
    if not done:
        began_s = time.perf_counter()
        train("clmr", view=view, name=name, store=store, progress=progress, **plan.settings(seed))
        print(f"{name}: {time.perf_counter() - began_s:.0f} s", file=sys.stderr, flush=True)
    return name


def untrained(store: Store, seed: int, *, normed: bool) -> str:
    """Return the space of the network that training with this seed begins with.

    normed: its batch norms have seen clips, two crops of all that training would; the weights are as they were.
    """
    network = fresh_simclr(SMALL.width, SMALL.projection_dim, seed).encoder
    if normed:
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.momentum = None  # the mean of all batches
        with torch.no_grad():
            for batch in pairs(store, SMALL):
                network(batch.inputs.flatten(0, 1)[:, None])
    weights = store.path / f"untrained{'-normed' if normed else ''}-{seed}.safetensors"
    save_file(network.state_dict(), weights)
    return store.embed("clmr", checkpoint=str(weights)).space.name


def pairs(store: Store, config: ClmrTraining) -> ViewLoader:
    """Return what training reads: two crops of each train clip."""
    return view_loader(
        store,
        clip_ids=store.clips(["clip_id"], where="split = 'train'").column(0).to_pylist(),
        batch_size=config.batch_size,
        seconds=config.audio_length / config.sample_rate,
        sample_rate_hz=config.sample_rate,
        crops=2,
        labels=None,
        drop_last=True,
    )


def probe(store: Store, space: str, seed: int) -> float:
    """Return the test accuracy of a linear head on the vectors of `space`."""
    name = f"probe-{space}-{seed}"
    try:
        run = store.run(name)
    except NotFound:
        run = train("probe", space=space, name=name, seed=seed, store=store)
    return run.evaluate("tags")["Accuracy"]


def knn(store: Store, space: str) -> float:
    """Return the share of test clips with the label that most of their nearest train clips have."""
    table = store.clips(["clip_id", "labels", "split"])
    clip_ids, splits = (np.array(table.column(name).to_pylist()) for name in ("clip_id", "split"))
    labels = np.array([label for [label] in table.column("labels").to_pylist()])
    found = store.vectors(space)
    rows = np.searchsorted(clip_ids, found.clip_ids)
    unit = found.matrix / np.linalg.norm(found.matrix, axis=1, keepdims=True)
    test, known = splits[rows] == "test", splits[rows] != "test"
    nearest = np.argsort(-(unit[test] @ unit[known].T), axis=1)[:, :NEIGHBOURS]
    votes = labels[rows][known][nearest]
    chosen = [max(vote.tolist(), key=lambda label, vote=vote: (vote == label).sum()) for vote in votes]
    return float((np.array(chosen) == labels[rows][test]).mean())


def speed(store: Store, config: ClmrTraining, steps: int) -> dict[str, float]:
    """Return crops per second, seconds per epoch of `steps`, and processor time per crop of what a step does."""
    network, chain = fresh_simclr(config.width, config.projection_dim, 0), config.augmentations()
    optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
    spent = {"reading": 0.0, "augmenting": 0.0, "network": 0.0}
    batches = iter(pairs(store, config))
    began_s = 0.0
    for step in range(STEPS + 1):
        if step == 1:  # the first one warms up
            spent = dict.fromkeys(spent, 0.0)
            began_s = time.perf_counter()
        clock = [time.process_time()]
        batch = next(batches)
        clock.append(time.process_time())
        views = [
            chain(batch.inputs[:, view].contiguous(), BatchRng(row_seeds(0, 0, batch.clip_ids, view)))
            for view in (0, 1)
        ]
        clock.append(time.process_time())
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            z_i, z_j = (network(view)[1] for view in views)
        loss = ntxent(z_i.float(), z_j.float(), config.temperature)
        torch.autograd.backward(loss)
        optimizer.step()
        clock.append(time.process_time())
        for name, spent_s in zip(spent, np.diff(clock), strict=True):
            spent[name] += spent_s
    crops = 2 * config.batch_size * STEPS
    rate = crops / (time.perf_counter() - began_s)
    stages = {f"cpu_ms_per_crop_{name}": 1000 * spent_s / crops for name, spent_s in spent.items()}
    return {"crops_per_s": rate, "epoch_s": 2 * config.batch_size * steps / rate, **stages}


def draw(curves: dict[str, list[list[dict[str, float]]]], out: Path) -> None:
    """Write loss and kNN accuracy of clips that do not teach, epoch by epoch: a line for each run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), dpi=110, layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for name, logs in curves.items():
        for number, log in enumerate(logs):
            look = {"color": COLORS[name], "linewidth": 1.2, "label": name.replace("_", " ") if not number else None}
            loss.plot([line["epoch"] + 1 for line in log], [line["valid_loss"] for line in log], **look)
            known = [(line["epoch"] + 1, line["knn_accuracy"]) for line in log if "knn_accuracy" in line]
            accuracy.plot(*zip(*known, strict=True), marker=".", **look)
    loss.set(xlabel="epoch", ylabel="NT-Xent of valid clips")
    accuracy.set(xlabel="epoch", ylabel="kNN accuracy among valid clips")
    loss.legend(frameon=False)
    figure.savefig(out, metadata={"Software": None})


def summary(name: str, values: Sequence[float]) -> dict[str, float]:
    interval = mean_interval(values)
    return {name: interval.mean, f"{name}_lo": interval.low, f"{name}_hi": interval.high}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, default=LABELS, help="CSV with the columns path, category, fold")
    parser.add_argument("--store", type=Path, default=STORE, help="where the trainings are kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=32)
    asked = parser.parse_args()
    if not asked.labels.exists():
        print(f"needs {asked.labels}, which is absent: nothing measured")
        return
    plan = Plan(asked.seeds, asked.epochs)
    store = make_store(asked.store, asked.labels, asked.seeds)
    spaces = {"timbre": ["timbre"] * plan.seeds}
    for name, normed in (("untrained", False), ("untrained_normed", True)):
        spaces[name] = [untrained(store, seed, normed=normed) for seed in range(plan.seeds)]
    runs: dict[str, list[str]] = {name: [] for name in TRAINED}
    for seed in range(plan.seeds):  # seed by seed: what is there after an interruption can be compared
        for name, view in TRAINED.items():
            runs[name].append(pretrain(store, view.format(seed=seed), seed, plan))
    for name, trained in runs.items():
        spaces[name] = [store.embed(f"run:{run}").space.name for run in trained]
    figures: dict[str, float] = {}
    scores = {name: [probe(store, space, seed) for seed, space in enumerate(found)] for name, found in spaces.items()}
    for name, found in scores.items():
        figures |= summary(f"probe_{name}", found)
    for one, other in COMPARED:
        differences = [a - b for a, b in zip(scores[one], scores[other], strict=True)]
        figures |= summary(f"probe_{one}_minus_{other}", differences)
    for name, found in spaces.items():
        figures[f"knn_{name}"] = float(np.mean([knn(store, space) for space in found]))
    with freed_memory_kept():
        figures |= speed(store, SMALL, int(load_run(store, runs["trained"][0]).metrics["steps"]) // plan.epochs)
    figures |= {"epochs": plan.epochs, "seeds": plan.seeds}
    draw(
        {name: [read_log(run_folder(store, run)) for run in found] for name, found in runs.items()},
        RESULTS / "clmr_learning.png",
    )
    write_result("clmr_learning", figures)


if __name__ == "__main__":
    main()
