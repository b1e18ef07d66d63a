"""`evaluate pruning`: is a view a better choice of train clips than chance?

What such comparisons get wrong is ruled out: every repeat has its own random draw, of the very size of the view and
under its noise policy; every head is fresh; both sides of a pair share seed, splits and test clips; vectors are stored,
so that nothing of the encoder moves; and differences are judged in pairs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.run import Run
from ..schemas.view import ALL
from ..store.files import write_atomic
from ..store.store import Store
from ..training.config import ProbeConfig
from ..training.interrupt import interrupt_flag
from ..training.run import finish_run, run_folder, working_run
from .paired import Scores, arms_of, comparisons_of, score_arms
from .report import VIEW, PairedReport
from .tags import EVALUATION_FILE
from .trials import Source, Trial, make_trial, read_source

OBJECTIVE = "pruning"
AGAINST = ("random", "uniform")
BY_CLUSTER = "random clips (stratified by cluster, distinct seeds, same kept count)"
UNIFORM = "random clips (distinct seeds, same kept count)"


def evaluate_pruning(
    store: Store,
    *,
    view: str,
    against: str = "random",
    repeats: int = 5,
    space: str | None = None,
    config: ProbeConfig | None = None,
    progress: Progress = silent,
) -> PairedReport:
    """Train a fresh head on the view, on random clips of its source and on all of it, `repeats` times, and compare.

    against: "random" draws, cluster by cluster, as many clips as the view keeps there (from all, where nothing was
    clustered); "uniform" draws as many from all in any case. Repeat k has the seed `config.seed + k` for the heads, the
    draw and, where the `split` column does not name them, the splits (for an encoder that was trained here, they are
    those of its run); duplicates that the view found never straddle those. Valid and test clips are those of the view's
    source, kept or not. space: None for the one that the view was made in. The report is also kept in a run folder.
    """
    if view == ALL or against not in AGAINST or repeats < 2:
        raise UsageError(f"evaluate pruning takes a pruned view, one of {', '.join(AGAINST)}, and at least 2 repeats")
    config = config or ProbeConfig()
    info = store.view(view)
    source = read_source(store, info, space or info.recipe.get("space"), config)
    by_cluster = against == "random" and source.is_clustered
    described = {**asdict(config), "against": BY_CLUSTER if by_cluster else UNIFORM, "repeats": repeats}
    used, classes = source.inputs.space, source.labels.classes
    draft = Run("", OBJECTIVE, f"{info.name}@{info.version}", used.name, used.digest, described, classes, {}, "")
    with interrupt_flag() as interrupt:
        trials = [
            make_trial(store, source, config.seed + k, by_cluster=by_cluster, share=config.label_share)
            for k in range(repeats)
        ]
        scores = score_arms(store, source.inputs, source.labels, trials, config, interrupt, progress)
        report = _report(draft, source, trials, scores)
        with working_run(store, draft) as run:
            text = json.dumps(asdict(report), indent=1)
            write_atomic(run_folder(store, run.name) / EVALUATION_FILE, text.encode())
            finish_run(store, run, {f"{a.name} {key}": mean.mean for a in report.arms for key, mean in a.means.items()})
    return report


def _report(draft: Run, source: Source, trials: Sequence[Trial], scores: Scores) -> PairedReport:
    arms = arms_of(trials, scores)
    return PairedReport(
        view=draft.view,
        against=draft.config["against"],
        space=draft.space,
        repeats=len(trials),
        seeds=tuple(trial.seed for trial in trials),
        multi_label=source.labels.multi_label,
        drawn_splits=trials[0].drawn,
        splits_of=trials[0].splits_of,
        valid_clips=tuple(len(trial.valid) for trial in trials),
        test_clips=tuple(len(trial.test) for trial in trials),
        left_out_classes=tuple(found.left_out for found in scores[VIEW]),
        arms=arms,
        comparisons=comparisons_of(arms),
    )
