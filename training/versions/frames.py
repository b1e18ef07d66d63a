"""The constant-Q frames that a training of versions reads."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import BadInput
from ...progress import Progress, say
from ...store.frames.compute import compute_frames, computed_layout
from ...store.frames.layout import FrameLayout, frames_table, layout_of
from ...store.frames.table import Frames, held_frames, open_frames
from ...store.reading import Problem, with_audio
from ...store.store import Store
from .config import VersionsTraining


def open_fitting(store: Store, clip_ids: Sequence[str], config: VersionsTraining) -> Frames:
    """Return the frames of clips; raise NotFound for those without, BadInput where the network takes others."""
    frames = open_frames(store, config.frames, clip_ids)
    _check_fits(frames.layout, config)
    return frames


def compute_missing(
    store: Store, clip_ids: Sequence[str], config: VersionsTraining, progress: Progress, *, strict: bool = False
) -> None:
    """Compute the frames that the table lacks of those of `clip_ids` that have audio; tell which remain without, and
    why. A table of frames that somebody else computed stays as it is.

    Raises BadInput, before anything is computed, where the network takes other frames than are computed; and after it
    where a clip remains without and it is strict.
    """
    missing, problems = _missing(store, clip_ids, config), list[Problem]()
    here = store.clips(["clip_id", "channels"], clip_ids=missing)
    heard = with_audio(here) if _takes_computed(store, config.frames) else []
    if heard:
        _check_fits(computed_layout(), config)
        problems = compute_frames(store, config.frames, clip_ids=heard, progress=progress).problems
        missing = _missing(store, clip_ids, config)
    if missing:
        why = f"{problems[0].path}: {problems[0].detail}" if problems else missing[0]
        if strict:
            raise BadInput(f"{len(missing)} clips have no frames, so the training stops: {why}")
        say(progress, f"{len(missing)} clips have no frames and are left out, such as {why}")


def _takes_computed(store: Store, name: str) -> bool:
    """Whether a table of frames is not there yet, or holds such as are computed."""
    table = frames_table(name)
    return not store.tables.exists(table) or layout_of(store.tables, table) == computed_layout()


def _check_fits(layout: FrameLayout, config: VersionsTraining) -> None:
    encoder = config.encoder
    layout.check_fits(encoder.bins, encoder.frame_s, encoder.f_min)


def _missing(store: Store, clip_ids: Sequence[str], config: VersionsTraining) -> list[str]:
    held = held_frames(store, config.frames, clip_ids)
    there = set(held.clip_ids) if held else set()
    return [clip_id for clip_id in clip_ids if clip_id not in there]
