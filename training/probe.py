"""`train probe`: a head on the stored vectors of a view, with its run folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from ..errors import UsageError
from ..progress import Progress, say, silent
from ..schemas.run import Run
from ..schemas.view import ALL
from ..store.files import remove
from ..store.store import Store
from .begun import kept_splits, opening
from .behind import run_behind
from .budget import label_budget
from .config import ProbeConfig
from .fit import Fitted, fit_head
from .head import Head, save_head
from .inputs import Inputs, read_inputs
from .interrupt import interrupt_flag
from .labels import Labels, read_labels
from .layout import HEAD_FILE, PROBE, STATE_FILE
from .machine import check_alone
from .module import Examples
from .run import finish_run, pinned, run_folder, working_run
from .splits import TEST, TRAIN, VALID, like_run, read_splits


def train_probe(
    store: Store,
    *,
    view: str = ALL,
    space: str | None = None,
    config: ProbeConfig | None = None,
    name: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train a fresh head on the train clips that `view` keeps and return its run.

    Multi-label (binary cross-entropy per class) where some clip of the store has not exactly one label, else single
    label (cross-entropy). The splits come from the `split` column, or from the run that trained the encoder (then
    `config["splits_of"]` names it), or are drawn (splits.py); they are kept in the run folder, with the best head, the
    figures of every epoch and TensorBoard events. The valid clips are the store's, whether the view keeps them or not,
    so that heads on different views stop by the same measure. Ctrl-C raises KeyboardInterrupt after saving; the same
    call again goes on from there, on the same clips. Raises UsageError where there is nothing to train or validate on,
    or where the encoder was taught the labels of all that could test it.
    """
    check_alone(PROBE)
    config = config or ProbeConfig()
    view = pinned(store, view)
    labels = read_labels(store, config.labels)
    inputs = read_inputs(store, view, space, config.inputs, config.seed)
    splits = read_splits(store, labels, config.seed, behind=run_behind(store, inputs.space))
    examples(inputs, labels, splits.ids(TRAIN), f"train clips in {view!r}")  # before a folder is made for them
    notes = {"multi_label": labels.multi_label, "drawn_splits": list(splits.drawn), "splits_of": splits.of_run}
    described = {**asdict(config), **notes}
    draft = Run(name or "", PROBE, view, inputs.space.name, inputs.space.digest, described, labels.classes, {}, "")
    with interrupt_flag() as interrupt, working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        splits = kept_splits(folder, splits, config)
        taught = _taught(inputs, labels, splits.ids(TRAIN), config)
        train = examples(inputs, labels, taught, f"{TRAIN} clips in {view!r}")
        asked = splits.ids(VALID)
        held_out = read_inputs(store, ALL, inputs.space.name, config.inputs, config.seed, asked)
        valid = examples(held_out, labels, asked, f"{VALID} clips")
        if splits.of_run:
            say(progress, f"splits {like_run(splits.of_run)}")
        say(progress, opening(folder, config.max_epochs, teach=len(train), valid=len(valid), splits=splits))
        fitted = fit_head(train, valid, len(run.classes), config, folder=folder, interrupt=interrupt, progress=progress)
        save_head(folder / HEAD_FILE, fitted_head(fitted, labels, config))
        figures = {"valid_loss": fitted.valid_loss, "epochs": fitted.epochs, "steps": fitted.steps}
        sizes = {"train_clips": len(train), "valid_clips": len(valid), "test_clips": len(splits.ids(TEST))}
        run = finish_run(store, run, {**figures, **sizes})
        remove(folder / STATE_FILE)
    return run


def _taught(inputs: Inputs, labels: Labels, wanted: Sequence[str], config: ProbeConfig) -> list[str]:
    """Return those of the train clips `wanted` that `inputs` holds and the label budget teaches."""
    held = sorted(set(inputs.clip_ids) & set(wanted))
    return [held[place] for place in label_budget(labels, held, config.label_share, config.seed)]


def examples(inputs: Inputs, labels: Labels, wanted: Sequence[str], what: str) -> Examples:
    """Return vectors and targets of those `wanted` clips that `inputs` holds.

    Raises UsageError, naming `what` they are, where there is none.
    """
    rows = np.flatnonzero(np.isin(np.asarray(inputs.clip_ids, dtype=np.str_), np.asarray(wanted, dtype=np.str_)))
    if not len(rows):
        raise UsageError(
            f"there are no {what} with vectors in {inputs.space.name!r}; check the splits, or embed more clips"
        )
    return Examples(inputs.matrix[rows], labels.targets([inputs.clip_ids[row] for row in rows]))


def fitted_head(fitted: Fitted, labels: Labels, config: ProbeConfig) -> Head:
    """Return the head of a finished fit."""
    return Head(fitted.weights, labels.classes, labels.multi_label, unit=config.inputs == "clip")
