"""`train probe --from-head`: a head that was trained elsewhere, as a finished run on a space of the store."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ..errors import UsageError
from ..schemas.run import Run
from ..schemas.vector import Space
from ..schemas.view import ALL
from ..store.store import Store
from .behind import run_behind
from .classes import read_classes
from .head import save_head
from .labels import LABELS, Labels, read_labels
from .layout import HEAD_FILE, PROBE, SPLITS_FILE
from .published import load_published_head
from .run import finish_run, run_folder, working_run
from .splits import TEST, VALID, Splits, read_splits

MEANS = (
    "the space has one mean vector per clip, and published heads were taught on single windows: for the published "
    "protocol embed with pooling=windows"
)


def probe_from_head(
    store: Store,
    path: str | Path,
    *,
    classes: str,
    space: str | None = None,
    name: str | None = None,
    labels: str = LABELS,
) -> Run:
    """Return a finished run whose head is that of a published head file; no code in the file runs.

    classes: "magnatagatune", "store", or a text file (classes.py). The head takes raw vectors, one per window, so the
    space should be of windows (`echodex embed clmr --set pooling=windows`): where it holds means of windows, the run's
    `note` says so, and vectors of another length are refused. labels: the clips column that says what is true. Clips
    are tested as the `split` column says; where it names no test clips, all that have a label are, since the head
    learned from none of them here, but for an encoder that was trained here those alone that its run held out. Raises
    NotFound, BadInput or UsageError.
    """
    file = Path(path).expanduser()
    told = read_labels(store, labels)
    names, multi_label = read_classes(classes, told)
    head = load_published_head(file, names, multi_label=multi_label)
    found = store.space(space)
    if head.dim != found.dim:
        raise UsageError(
            f"the head in {file} takes vectors of length {head.dim}, those of space {found.name!r} have {found.dim}; "
            "name another --space"
        )
    splits = _splits(store, told, found)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    note = MEANS if found.config.get("pooling") == "mean" else ""
    described = {"labels": labels, "multi_label": multi_label, "head": file.name, "sha256": digest, "note": note}
    described["splits_of"] = splits.of_run
    draft = Run(name or "", PROBE, ALL, found.name, found.digest, described, names, {}, "")
    with working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        splits.save(folder / SPLITS_FILE)
        save_head(folder / HEAD_FILE, head)
        return finish_run(store, run, {f"{split}_clips": len(splits.ids(split)) for split in (VALID, TEST)})


def _splits(store: Store, labels: Labels, space: Space) -> Splits:
    """Return the splits that the `split` column or the run behind the space names, else all with a label for test."""
    splits = read_splits(store, labels, seed=0, behind=run_behind(store, space))
    if TEST not in splits.drawn:
        return splits
    return Splits(labels.clip_ids, np.where(labels.teaches, TEST, ""), ())
