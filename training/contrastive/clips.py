"""Which clips a contrastive training learns from, and which it is only measured on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import NotFound, UsageError
from ...store.store import Store
from ..inputs import chance
from ..labels import LABELS, Labels, read_labels
from ..loader import ViewLoader, view_loader
from ..splits import TEST, TRAIN, VALID, VALID_SHARE, Splits, meaning, read_splits
from .config import ClmrTraining


def contrastive_splits(store: Store, config: ClmrTraining) -> Splits:
    """Return the split of every usable clip of a store: no clip that has a label by now and is tested later is learned
    from.

    Clips with labels are split as a probe with the same seed splits them. The others teach, unless the `split` column
    says valid or test; where no clip at all is valid, VALID_SHARE of the teachers are drawn for it, at most
    monitor_clips.
    """
    clips = store.clips(["clip_id", "split"])
    clip_ids = np.asarray(clips.column("clip_id").to_pylist(), dtype=np.str_)
    names = np.array([meaning(name) or TRAIN for name in clips.column("split").to_pylist()], dtype="U5")
    drawn: tuple[str, ...] = ()
    labels = labels_or_none(store, config.labels)
    if labels:
        labelled = read_splits(store, labels, config.seed)
        kept_out = np.isin(labelled.names, (VALID, TEST))
        names[np.searchsorted(clip_ids, labelled.clip_ids[kept_out])] = labelled.names[kept_out]
        drawn = labelled.drawn
    if not (names == VALID).any():
        teachers = np.flatnonzero(names == TRAIN)
        order = np.argsort([chance(config.seed, str(clip_id)) for clip_id in clip_ids[teachers]], kind="stable")
        names[teachers[order[: min(config.monitor_clips, round(VALID_SHARE * len(teachers)))]]] = VALID
        drawn = (*drawn, VALID)
    return Splits(clip_ids, names, drawn)


def labels_or_none(store: Store, column: str) -> Labels | None:
    """Return the labels of a store, None where it has none and the column was not chosen."""
    try:
        return read_labels(store, column)
    except NotFound:
        if column == LABELS:
            return None
        raise


def teachers_of(store: Store, view: str, splits: Splits, config: ClmrTraining) -> list[str]:
    """Return the train clips that `view` keeps, sorted; raise UsageError where they do not fill a batch."""
    wanted = set(splits.ids(TRAIN))
    found = [clip_id for clip_id in store.clips(["clip_id"], view=view).column(0).to_pylist() if clip_id in wanted]
    needed = config.batch_size * config.devices
    if len(found) < needed:
        raise UsageError(
            f"view {view!r} keeps {len(found)} train clips, fewer than a batch of {needed}; lower batch_size"
        )
    return found


def measured_clips(store: Store, splits: Splits, config: ClmrTraining) -> list[str]:
    """Return up to monitor_clips valid clips, drawn by seed; raise UsageError where there are not two to compare.

    They are the same whatever the view, so that trainings on different views can be compared.
    """
    found = sorted(splits.ids(VALID), key=lambda clip_id: chance(config.seed, clip_id))[: config.monitor_clips]
    if len(found) < 2:
        raise UsageError(
            f"{store.place} has too few clips to leave two out of the training and measure on them; add more, or name "
            "more valid ones in the split column"
        )
    return sorted(found)


def pair_loader(
    store: Store, view: str, clip_ids: Sequence[str], config: ClmrTraining, *, rank: int = 0, teaches: bool
) -> ViewLoader:
    """Return a loader of two crops of each clip: the teachers of a process in full batches, else all, with targets."""
    return view_loader(
        store,
        view,
        clip_ids=clip_ids,
        crops=2,
        batch_size=config.batch_size if teaches else config.compared,
        seconds=config.audio_length / config.sample_rate,
        sample_rate_hz=config.sample_rate,
        labels=None if teaches else config.labels,
        seed=config.seed,
        workers=config.workers if teaches else 0,
        rank=rank,
        world_size=config.devices if teaches else 1,
        drop_last=teaches,
        strict=config.gather_negatives,  # or a process would wait for clips that another could not read
    )
