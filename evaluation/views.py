"""`evaluate tags --view A --baseline B`: do heads learn as much from one view's train clips as from another's?

As in `evaluate pruning`, every repeat has fresh heads, one per view, of one seed and one split, and all are tested on
the same clips; but what a view is compared with are other views, not draws by chance.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.run import Run
from ..schemas.view import ALL
from ..store.files import write_atomic
from ..store.store import Store
from ..training.behind import run_behind
from ..training.config import ProbeConfig
from ..training.inputs import Inputs, read_inputs
from ..training.interrupt import interrupt_flag
from ..training.labels import Labels, read_labels
from ..training.run import finish_run, pinned, run_folder, working_run
from .baseline import leaders_of
from .paired import arms_of, comparisons_of, score_arms
from .report import PairedReport
from .tags import EVALUATION_FILE
from .trials import Rows, SplitRows, Trial, filled, split_rows, within_budget

OBJECTIVE = "views"


def compare_views(
    store: Store,
    *,
    view: str,
    baselines: Sequence[str] = (ALL,),
    repeats: int = 5,
    space: str | None = None,
    config: ProbeConfig | None = None,
    progress: Progress = silent,
) -> PairedReport:
    """Train a fresh head on the train clips of `view` and of each of `baselines`, `repeats` times, and compare.

    Repeat k has the seed `config.seed + k` for the heads, the label budgets and, where the `split` column does not name
    them, the splits (for an encoder that was trained here, they are those of its run); what any of the views found to
    be duplicates never straddles those. Valid and test clips are the store's, whether the views keep them or not; clips
    that were removed since a view was saved take no part. space: None for the one that the first pruned view was made
    in. The report is also kept in a run folder.
    """
    names = tuple(pinned(store, name) for name in (view, *baselines))
    if len(names) < 2 or len(set(names)) < len(names) or repeats < 2:
        raise UsageError(f"a comparison takes two views at least, none twice ({', '.join(names)}), and 2 repeats")
    config = config or ProbeConfig()
    made_in = (store.view(name).recipe.get("space") for name in names if name != ALL)
    labels = read_labels(store, config.labels)
    inputs = read_inputs(store, ALL, space or next(made_in, None), config.inputs, config.seed)
    described = {**asdict(config), "baselines": list(names[1:]), "repeats": repeats}
    used = inputs.space
    draft = Run("", OBJECTIVE, names[0], used.name, used.digest, described, labels.classes, {}, "")
    kept, groups = _kept(store, inputs, names), _groups(store, labels, names)
    with interrupt_flag() as interrupt:
        seeds = range(config.seed, config.seed + repeats)
        behind = run_behind(store, used)
        splits = [split_rows(store, inputs, labels, groups, behind, seed) for seed in seeds]
        trials = [
            _trial(inputs, labels, kept, split, config.label_share, seed)
            for split, seed in zip(splits, seeds, strict=True)
        ]
        scores = score_arms(store, inputs, labels, trials, config, interrupt, progress)
        arms = arms_of(trials, scores)
        report = PairedReport(
            view=names[0],
            against=", ".join(names[1:]),
            space=used.name,
            repeats=repeats,
            seeds=tuple(seeds),
            multi_label=labels.multi_label,
            drawn_splits=trials[0].drawn,
            splits_of=trials[0].splits_of,
            valid_clips=tuple(len(trial.valid) for trial in trials),
            test_clips=tuple(len(trial.test) for trial in trials),
            left_out_classes=tuple(found.left_out for found in scores[names[0]]),
            arms=arms,
            comparisons=comparisons_of(arms),
        )
        with working_run(store, draft) as run:
            write_atomic(run_folder(store, run.name) / EVALUATION_FILE, json.dumps(asdict(report), indent=1).encode())
            finish_run(store, run, {f"{arm.name} {key}": mean.mean for arm in arms for key, mean in arm.means.items()})
    return report


def _kept(store: Store, inputs: Inputs, names: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Return bool[n] per view: which of the clips of `inputs` it keeps."""
    ids = np.asarray(inputs.clip_ids, dtype=np.str_)
    held = {name: store.clips(["clip_id"], view=name).column(0).to_pylist() for name in names}
    return {name: np.isin(ids, np.asarray(clip_ids, dtype=np.str_)) for name, clip_ids in held.items()}


def _groups(store: Store, labels: Labels, names: Sequence[str]) -> Rows:
    """Return int64[all usable clips]: one number for clips that are duplicates of each other by any of the views."""
    n = len(labels.clip_ids)
    pairs = [np.empty((2, 0), np.int64)]
    for name in names:
        if name == ALL:
            continue
        rows = store.view_rows(store.view(name))
        ids = np.asarray(rows.column("clip_id").to_pylist(), dtype=np.str_)
        both = np.stack([ids, ids[leaders_of(rows)]])
        pairs.append(np.searchsorted(labels.clip_ids, both[:, np.isin(both, labels.clip_ids).all(axis=0)]))
    owners, leaders = np.concatenate(pairs, axis=1)
    links = coo_array((np.ones(len(owners), np.bool_), (owners, leaders)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _trial(
    inputs: Inputs, labels: Labels, kept: dict[str, NDArray[np.bool_]], split: SplitRows, share: float, seed: int
) -> Trial:
    train = {
        name: within_budget(inputs, labels, split.pool[chosen[split.pool]], share, seed)
        for name, chosen in kept.items()
    }
    return filled(Trial(seed, train, split.valid, split.test, split.drawn, split.splits_of))
