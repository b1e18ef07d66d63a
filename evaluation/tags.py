"""`evaluate tags`: the published tagging protocol on a trained probe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.vector import Float32
from ..schemas.view import ALL
from ..store.files import write_atomic
from ..store.store import Store
from ..training.behind import run_behind
from ..training.finished import FinishedProbe, finished_probe
from ..training.labels import Labels, read_labels
from ..training.layout import SPLITS_FILE
from ..training.run import pinned, run_folder
from ..training.splits import TEST, TRAIN, VALID, Splits, nothing_to_test
from .kept_tags import keep_tags
from .tag_report import OF_MEANS, OF_SEGMENTS, TagReport
from .tag_scoring import Resampling, score

EVALUATION_FILE = "evaluation.json"


def evaluate_tags(
    store: Store, run_name: str, *, view: str = ALL, split: str = TEST, resamples: int = 0, seed: int = 0
) -> TagReport:
    """Return the figures of a probe on the clips of `split` that `view` keeps, and write them to its run folder.

    Every segment of a clip is classified and its probabilities are averaged; then macro ROC-AUC and PR-AUC over the
    classes that some but not all clips have, and the same by clip over the clips that have some but not all classes;
    or accuracy where each clip has one label. The splits are those that the run was trained with, whatever was added
    since, but for clips that taught the encoder their labels. resamples: of the clips, drawn by `seed`, for an interval
    of each figure; 0 for none. Raises UsageError for the run's train clips, and where all clips of the split taught the
    encoder, Stale where its space is gone.
    """
    probe = finished_probe(store, run_name)
    if split not in (TEST, VALID):
        raise UsageError(f"cannot evaluate on split {split!r}: choose test or valid, which the run was not trained on")
    run, folder, view = probe.run, run_folder(store, run_name), pinned(store, view)
    multi_label = bool(run.config["multi_label"])
    asked, taught = _untaught(store, probe, folder, split)
    clip_ids = [clip_id for clip_id in store.vectors(probe.space.name, view=view).clip_ids if clip_id in asked]
    truth = _truth(read_labels(store, run.config["labels"]), run.classes, clip_ids)
    if not multi_label:
        known = truth.any(axis=1)  # a clip whose label came up after the training cannot be right
        clip_ids, truth = [clip_ids[row] for row in np.flatnonzero(known)], truth[known]
    probabilities, segments = _probabilities(store, probe, clip_ids)
    scored = score(truth, probabilities, run.classes, multi_label, Resampling(resamples, seed))
    report = TagReport(
        run=run.name,
        view=view,
        split=split,
        splits_of=run.config.get("splits_of", ""),
        taught_clips=taught,
        clips=len(truth),
        segments=segments,
        multi_label=multi_label,
        metrics=scored.metrics,
        bounds=scored.bounds,
        resamples=resamples,
        seed=seed,
        left_out_classes=scored.left_out,
        left_out_clips=scored.left_out_clips,
        tags=scored.rows,
        protocol=OF_MEANS if probe.space.config.get("pooling") == "mean" else OF_SEGMENTS,
    )
    write_atomic(folder / EVALUATION_FILE, json.dumps(asdict(report), indent=1).encode())
    keep_tags(folder, report)
    return report


def mean_per_clip(owners: Sequence[str], values: Float32) -> Float32:
    """Return float32[n, c]: the mean over each clip of its rows of `values` (float32[s, c]), which are neighbours."""
    names = np.asarray(owners, dtype=np.str_)
    first = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    counts = np.diff(np.append(first, len(names)))
    return np.asarray(np.add.reduceat(values, first, axis=0, dtype=np.float64) / counts[:, None], dtype=np.float32)


def _untaught(store: Store, probe: FinishedProbe, folder: Path, split: str) -> tuple[set[str], int]:
    """Return the clips of a split of a run but for those that taught the encoder their labels, and how many those were.

    A probe whose splits were taken from the encoder's run has none of those among its test clips; one that was trained
    before splits were taken, or under another split column, may have.
    """
    asked = set(Splits.load(folder / SPLITS_FILE).ids(split))
    behind = run_behind(store, probe.space)
    if behind is None or not behind.taught_labels:
        return asked, 0
    left = asked - set(behind.splits.ids(TRAIN))
    if asked and not left:
        raise nothing_to_test(behind.name)
    return left, len(asked) - len(left)


def _probabilities(store: Store, probe: FinishedProbe, clip_ids: Sequence[str]) -> tuple[Float32, int]:
    """Return float32[n, c], the head's probabilities averaged over the segments of each clip, and how many of those."""
    if not clip_ids:
        return np.empty((0, len(probe.head.classes)), np.float32), 0
    owners, _, vectors = store.segments(probe.space.name, clip_ids)
    return mean_per_clip(owners, probe.head.probabilities(vectors)), len(owners)


def _truth(labels: Labels, classes: Sequence[str], clip_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Return bool[n, c]: which clip has which of the run's classes by now."""
    hot = labels.hot[labels.rows(clip_ids)]
    column = {name: number for number, name in enumerate(labels.classes)}
    truth = np.zeros((len(clip_ids), len(classes)), np.bool_)
    for number, name in enumerate(classes):
        if name in column:
            truth[:, number] = hot[:, column[name]]
    return truth
