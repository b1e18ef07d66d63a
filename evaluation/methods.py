"""`evaluate pruning --methods`: methods against each other, against chance and against all clips, at equal counts.

What such comparisons get wrong is ruled out: each repeat draws its own splits, through no group; every method keeps the
very number of clips that random draws keep, under one noise policy; every head is fresh and learns on stored vectors,
its weight decay a share of the mean loss, so that large sets are not favoured; planted duplicates are in the train
clips alone; differences are judged in pairs, and corrected for their number. Repeats draw from the same clips, so that
an interval speaks of these clips and this encoder, not of other recordings.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from itertools import count
from pathlib import Path

from ..errors import Damaged
from ..progress import Progress, silent
from ..schemas.read_json import read_json
from ..schemas.run import Run
from ..schemas.view import ALL
from ..store.files import write_atomic
from ..store.store import Store
from ..training.interrupt import InterruptFlag, interrupt_flag
from ..training.run import finish_run, run_folder, working_run
from ..training.splits import TEST
from .heads import read_bench
from .methods_config import MethodsConfig
from .methods_repeat import Clips, Repeat, Tried, read_clips, run_repeat
from .methods_report import MethodsReport
from .methods_summary import summarise
from .tags import EVALUATION_FILE

OBJECTIVE = "methods"
STAGE = "evaluate"
REPEATS_FILE = "repeats.json"


def compare_methods(
    store: Store, config: MethodsConfig, *, space: str | None = None, progress: Progress = silent
) -> MethodsReport:
    """Train fresh heads on what each method keeps of the train clips, and on all of them, and compare in pairs.

    space: None for the newest. Clips without a vector or a label take no part. The report is also kept in a run folder.
    Ctrl-C raises KeyboardInterrupt; the same call again goes on behind the last finished repeat. Raises UsageError
    where there is nothing to compare. Where a run of this store trained the encoder, every repeat has its splits.
    """
    clips = read_clips(store, config, space)
    used = clips.inputs.space
    taking_part = hashlib.sha256("\n".join(clips.inputs.clip_ids).encode()).hexdigest()
    notes = {"clips": taking_part, "splits_of": clips.splits_of}
    described = read_json(json.dumps({**asdict(config), **notes}))  # as a run file gives it back
    draft = Run("", OBJECTIVE, ALL, used.name, used.digest, described, clips.labels.classes, {}, "")
    with interrupt_flag() as interrupt, working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        repeats = _all_repeats(store, clips, config, folder / REPEATS_FILE, interrupt, progress)
        report = summarise(repeats, config, clips)
        write_atomic(folder / EVALUATION_FILE, json.dumps(asdict(report), indent=1).encode())
        found = [(f"{out.method} {out.keep:g}", out.means) for out in (report.full, *report.outcomes)]
        finish_run(store, run, {f"{arm} {key}": mean.mean for arm, means in found for key, mean in means.items()})
    return report


def _all_repeats(
    store: Store, clips: Clips, config: MethodsConfig, path: Path, interrupt: InterruptFlag, progress: Progress
) -> list[Repeat]:
    """Return all repeats: those that `path` holds, and the others, each written there as soon as it is finished."""
    repeats = _load(path) if path.is_file() else []
    seeds = [config.probe.seed + k for k in range(config.repeats)]
    bench = read_bench(store, clips.inputs, clips.labels, [clips.split(seed)[TEST] for seed in seeds])
    heads = 1 + len(config.arms) * len(config.keeps)
    steps = count(heads * len(repeats) + 1)
    for seed in seeds[len(repeats) :]:
        repeats.append(
            run_repeat(clips, bench, config, seed, interrupt, lambda: progress(STAGE, next(steps), heads * len(seeds)))
        )
        write_atomic(path, json.dumps([asdict(repeat) for repeat in repeats]).encode())
    return repeats


def _load(path: Path) -> list[Repeat]:
    try:
        return [
            Repeat(**{**found, "tried": tuple(Tried(**tried) for tried in found["tried"])})
            for found in read_json(path.read_text())
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise Damaged(f"{path} does not hold repeats of a comparison; delete its folder and run it again") from error
