"""Which clips a fingerprint training learns from, which it is only measured on, and how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...errors import UsageError
from ...schemas.view import ALL
from ...store.store import Store
from ...store.waveforms import open_waveforms
from ..inputs import chance
from ..loader import ViewLoader, reader_loader
from ..pieces import PieceReader
from ..shards import Shard
from ..splits import TRAIN, VALID, VALID_SHARE, Splits, meaning
from .config import FingerprintTraining
from .pairs import PairPlan, PairReader, example_names


def fingerprint_splits(store: Store, config: FingerprintTraining) -> Splits:
    """Return the split of every usable clip, by the `split` column; those that it says nothing of teach.

    Where no clip at all is valid, VALID_SHARE of the teachers are drawn for it, at most monitor_clips. Labels have no
    say: what is learned is the sound of a recording, not what it is called.
    """
    clips = store.clips(["clip_id", "split"])
    clip_ids = np.asarray(clips.column("clip_id").to_pylist(), dtype=np.str_)
    names = np.array([meaning(name) or TRAIN for name in clips.column("split").to_pylist()], dtype="U5")
    if (names == VALID).any():
        return Splits(clip_ids, names, ())
    teachers = np.flatnonzero(names == TRAIN)
    order = np.argsort([chance(config.seed, str(clip_id)) for clip_id in clip_ids[teachers]], kind="stable")
    count = min(config.monitor_clips, max(2, round(VALID_SHARE * len(teachers))))
    names[teachers[order[:count]]] = VALID
    return Splits(clip_ids, names, (VALID,))


def teachers_of(store: Store, view: str, splits: Splits) -> list[str]:
    """Return the train clips that `view` keeps, sorted."""
    wanted = set(splits.ids(TRAIN))
    return [clip_id for clip_id in store.clips(["clip_id"], view=view).column(0).to_pylist() if clip_id in wanted]


def teaching_loader(
    store: Store, view: str, clip_ids: Sequence[str], config: FingerprintTraining, *, rank: int = 0
) -> ViewLoader:
    """Return the full batches of a process: anchors and replicas-to-be of clips of `view`.

    Raises UsageError where they do not fill one.
    """
    plan = pair_plan(config, config.anchors_per_clip, drawn=True)
    shard = Shard(config.anchors, rank, config.devices, drop=True)
    # a process must not wait for what another could not read
    loader = _loader(store, view, clip_ids, plan, shard, workers=config.workers, strict=config.gather_negatives)
    if not len(loader):
        raise UsageError(
            f"view {view!r} keeps {len(clip_ids)} train clips with {len(loader.clip_ids)} anchors, fewer than a batch "
            f"of {config.anchors * config.devices}; lower batch_size, or raise anchors_per_clip"
        )
    return loader


def fitted(store: Store, view: str, clip_ids: Sequence[str], config: FingerprintTraining) -> FingerprintTraining:
    """Return `config` with the epochs that make its max_steps, and, where one epoch would be more than half of them,
    with fewer anchors of each clip. Raises as `teaching_loader` does.
    """
    loader = teaching_loader(store, view, clip_ids, config)
    excess = 2 * len(loader) / config.max_steps
    if not config.max_epochs and excess > 1:
        fewer = max(1, int(len(loader.clip_ids) / len(clip_ids) / excess))
        config = replace(config, anchors_per_clip=fewer)
        loader = teaching_loader(store, view, clip_ids, config)
    return replace(config, max_epochs=config.epochs(len(loader)))


def measured_clips(store: Store, splits: Splits, config: FingerprintTraining) -> list[str]:
    """Return up to monitor_clips valid clips, drawn by seed, the same whatever the view; raise UsageError where there
    are not two.
    """
    found = sorted(splits.ids(VALID), key=lambda clip_id: chance(config.seed, clip_id))[: config.monitor_clips]
    if len(found) < 2:
        raise UsageError(
            f"{store.place} has too few clips to leave two out of the training and measure on them; add more, or name "
            "more valid ones in the split column"
        )
    return sorted(found)


def measuring_loader(store: Store, clip_ids: Sequence[str], config: FingerprintTraining) -> ViewLoader:
    """Return the first monitor_segments segments of each clip, each with its replica-to-be."""
    plan = pair_plan(config, config.monitor_segments, drawn=False)
    return _loader(store, ALL, clip_ids, plan, Shard(config.compared))


def pair_plan(config: FingerprintTraining, anchors: int, *, drawn: bool) -> PairPlan:
    """Return which segments of a clip are anchors, up to so many (0: all); drawn: as PairPlan has it."""
    return PairPlan(
        encoder=config.encoder,
        anchors=anchors,
        replicas=config.replicas,
        offset=config.offset_samples,
        context=config.context_samples,
        seed=config.seed,
        drawn=drawn,
    )


def _loader(
    store: Store,
    view: str,
    clip_ids: Sequence[str],
    plan: PairPlan,
    shard: Shard,
    *,
    workers: int = 0,
    strict: bool = False,
) -> ViewLoader:
    clips, rate_hz = store.sources(clip_ids, view=view), plan.encoder.sample_rate_hz
    pieces = PieceReader(clips, rate_hz, open_waveforms(store.tables, rate_hz, clip_ids))
    examples = plan.examples(clips)
    reader = PairReader(pieces, examples, plan)
    names = example_names(clips, examples)
    return reader_loader(reader, names, shard=shard, seed=plan.seed, workers=workers, strict=strict)
