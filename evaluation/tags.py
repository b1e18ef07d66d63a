"""`evaluate tags`: the published tagging protocol on a trained probe."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import Stale, UsageError
from ..schemas.run import Run
from ..schemas.vector import Float32, Space
from ..schemas.view import ALL
from ..store.files import write_atomic
from ..store.store import Store
from ..training.head import Head, load_head
from ..training.labels import Labels, read_labels
from ..training.layout import HEAD_FILE, PROBE, SPLITS_FILE
from ..training.run import load_run, pinned, run_folder
from ..training.splits import TEST, VALID, Splits
from .metrics import tag_scores

EVALUATION_FILE = "evaluation.json"


def evaluate_tags(store: Store, run_name: str, *, view: str = ALL, split: str = TEST) -> dict[str, float]:
    """Return the metrics of a probe on the clips of `split` that `view` keeps, and write them to its run folder.

    Every segment of a clip is classified and its probabilities are averaged; then macro ROC-AUC and PR-AUC over the
    classes that some but not all clips have, or accuracy where each clip has one label. The splits are those that the
    run was trained with, whatever was added since. Raises UsageError for its train clips, Stale where its space is
    gone.
    """
    run = load_run(store, run_name)
    space = _checked(store, run, split)
    folder = run_folder(store, run_name)
    view = pinned(store, view)
    asked = set(Splits.load(folder / SPLITS_FILE).ids(split))
    clip_ids = [clip_id for clip_id in store.vectors(space.name, view=view).clip_ids if clip_id in asked]
    labels = read_labels(store, run.config["labels"])
    truth = _truth(labels, run.classes, clip_ids)
    probabilities = clip_probabilities(store, space, load_head(folder / HEAD_FILE), clip_ids)
    if not run.config["multi_label"]:
        known = truth.any(axis=1)  # a clip whose label came up after the training cannot be right
        truth, probabilities = truth[known], probabilities[known]
    scores = tag_scores(truth, probabilities, run.classes, run.config["multi_label"])
    report = {
        "view": view,
        "split": split,
        "clips": len(truth),
        "metrics": scores.metrics,
        "left_out_classes": list(scores.left_out),
        "protocol": "probabilities averaged over the segments of a clip; macro average over classes",
    }
    write_atomic(folder / EVALUATION_FILE, json.dumps(report, indent=1).encode())
    return scores.metrics


def clip_probabilities(store: Store, space: Space, head: Head, clip_ids: Sequence[str]) -> Float32:
    """Return float32[n, c]: the head's probabilities averaged over the segments of each clip."""
    if not clip_ids:
        return np.empty((0, len(head.classes)), np.float32)
    owners, _, vectors = store.segments(space.name, clip_ids)
    return mean_per_clip(owners, head.probabilities(vectors))


def mean_per_clip(owners: Sequence[str], values: Float32) -> Float32:
    """Return float32[n, c]: the mean over each clip of its rows of `values` (float32[s, c]), which are neighbours."""
    names = np.asarray(owners, dtype=np.str_)
    first = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    counts = np.diff(np.append(first, len(names)))
    return np.asarray(np.add.reduceat(values, first, axis=0, dtype=np.float64) / counts[:, None], dtype=np.float32)


def _checked(store: Store, run: Run, split: str) -> Space:
    """Return the space of a finished probe, or raise."""
    if run.objective != PROBE or not run.metrics:
        state = f"of {run.objective!r}" if run.objective != PROBE else "not finished"
        raise UsageError(f"run {run.name!r} is {state}; `evaluate tags` takes a finished probe")
    if split not in (TEST, VALID):
        raise UsageError(f"cannot evaluate on split {split!r}: choose test or valid, which the run was not trained on")
    space = store.space(run.space)
    if space.digest != run.encoder_digest:
        raise Stale(f"space {run.space!r} is of another encoder than run {run.name!r} was trained on; train it again")
    return space


def _truth(labels: Labels, classes: Sequence[str], clip_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Return bool[n, c]: which clip has which of the run's classes by now."""
    hot = labels.hot[labels.rows(clip_ids)]
    column = {name: number for number, name in enumerate(labels.classes)}
    truth = np.zeros((len(clip_ids), len(classes)), np.bool_)
    for number, name in enumerate(classes):
        if name in column:
            truth[:, number] = hot[:, column[name]]
    return truth
