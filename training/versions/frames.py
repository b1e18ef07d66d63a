"""The constant-Q frames that a training of versions reads."""

from __future__ import annotations

from collections.abc import Sequence

from ...progress import Progress, say
from ...store.frames.compute import compute_frames
from ...store.frames.table import Frames, held_frames, open_frames
from ...store.store import Store
from .config import VersionsTraining


def open_fitting(store: Store, clip_ids: Sequence[str], config: VersionsTraining) -> Frames:
    """Return the frames of clips; raise NotFound for those without, BadInput where the network takes others."""
    frames, encoder = open_frames(store, config.frames, clip_ids), config.encoder
    frames.layout.check_fits(encoder.bins, encoder.frame_s, encoder.f_min)
    return frames


def compute_missing(
    store: Store, view: str, clip_ids: Sequence[str], config: VersionsTraining, progress: Progress
) -> None:
    """Compute the frames that the table lacks of the clips of `view`, and, where some of `clip_ids` are beyond it, of
    all others; tell which remain without.
    """
    missing = _missing(store, clip_ids, config)
    if missing:
        compute_frames(store, config.frames, view=view, progress=progress)
        inside = set(store.clips(["clip_id"], view=view).column(0).to_pylist())
        missing = _missing(store, clip_ids, config)
        if not inside.issuperset(missing):
            compute_frames(store, config.frames, progress=progress)
            missing = _missing(store, clip_ids, config)
    if missing:
        say(progress, f"{len(missing)} clips have no frames and are left out, such as {missing[0]}")


def _missing(store: Store, clip_ids: Sequence[str], config: VersionsTraining) -> list[str]:
    held = held_frames(store, config.frames, clip_ids)
    there = set(held.clip_ids) if held else set()
    return [clip_id for clip_id in clip_ids if clip_id not in there]
