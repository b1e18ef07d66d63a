"""Which clips a training of versions learns from, which it is only measured on, and their loaders."""

from __future__ import annotations

from ...errors import UsageError
from ...schemas.view import ALL
from ...store.frames.table import held_frames
from ...store.store import Store
from ..shards import Shard
from ..splits import TEST, TRAIN, VALID, Splits
from .config import VersionsTraining
from .frames import open_fitting
from .items import ItemPlan
from .loaders import ItemLoader, item_loader
from .works import Works, read_works, work_splits

_LEAST_WORKS = 2


def version_splits(store: Store, config: VersionsTraining) -> Splits:
    """Return the splits of a store as `config` says."""
    return work_splits(store, config.seed, config.valid_share, config.test_share)


def teaching_works(store: Store, view: str, splits: Splits, frames: str | None = None) -> Works:
    """Return the train clips that `view` keeps with another version; of those in a table of frames, where one is named.

    Raises UsageError below two works.
    """
    works = _among(store, view, splits.ids(TRAIN), frames)
    if works.count < _LEAST_WORKS:
        held = {side: read_works(store, splits.ids(side)).count for side in (VALID, TEST)}
        raise UsageError(
            f"view {view!r} keeps {works.count} train works with two versions{_that_have(frames)}, beside "
            f"{held[VALID]} valid and {held[TEST]} test ones of the store; it takes two, each with clips of two files "
            "that have its name in their column `work`"
        )
    return works


def measured_works(store: Store, splits: Splits, frames: str | None = None) -> Works:
    """Return the valid clips, the same whatever the view; else as `teaching_works`."""
    works = _among(store, ALL, splits.ids(VALID), frames)
    if works.count < _LEAST_WORKS:
        raise UsageError(
            f"{store.place} has {works.count} valid works with two versions{_that_have(frames)}; it takes two, so add "
            "works, or name more valid ones in the split column"
        )
    return works


def _that_have(frames: str | None) -> str:
    return f" that have frames in the table {frames!r}" if frames else ""


def _among(store: Store, view: str, clip_ids: list[str], frames: str | None) -> Works:
    if frames is not None:
        held = held_frames(store, frames, clip_ids)
        clip_ids = held.clip_ids if held else []
    return read_works(store, clip_ids, view=view)


def teaching_loader(store: Store, works: Works, config: VersionsTraining, *, rank: int = 0) -> ItemLoader:
    """Return the batches of a process: items of versions, a piece of each."""
    frames = open_fitting(store, works.clip_ids, config)
    plan = ItemPlan(works, config.versions, _crop(config, int(frames.lengths.max())), config.seed)
    return item_loader(frames, plan, Shard(config.batch_size, rank, config.devices), config.workers)


def measuring_loader(store: Store, works: Works, config: VersionsTraining) -> ItemLoader:
    """Return the beginning of each clip, alone."""
    frames = open_fitting(store, works.clip_ids, config)
    plan = ItemPlan(works, 1, _crop(config, int(frames.lengths.max())), config.seed, drawn=False)
    return item_loader(frames, plan, Shard(config.batch_size))


def _crop(config: VersionsTraining, longest: int) -> int:
    """Return the frames of a piece."""
    return min(max(1, round(config.crop_s / config.encoder.frame_s)), longest)
