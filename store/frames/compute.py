"""`materialise --features cqt`: the constant-Q frames of clips, from their audio, as the encoder of versions hears it.

Safe to interrupt and to repeat: half a minute of work is lost at most, and what is there is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...encoders.versions.config import VersionsConfig
from ...errors import BadInput
from ...progress import Progress
from ...schemas.clip import Clip, Reason
from ...schemas.vector import Float32
from ..reading import Problem, audio_clips, hear
from .layout import FrameLayout
from .writing import FramesReport, FrameWriter

if TYPE_CHECKING:
    from ...encoders.versions.cqt import ConstantQ
    from ..store import Store

COMPUTED = "cqt"
"""What `materialise` calls them, and their table."""


def compute_frames(
    store: Store,
    name: str = COMPUTED,
    *,
    view: str | None = None,
    where: str | None = None,
    clip_ids: Sequence[str] | None = None,
    progress: Progress,
) -> FramesReport:
    """Write the frames of the usable clips with audio (of a view, that `where` selects, of `clip_ids`) to the table
    called `name`.

    Clips that it holds are passed over; those that cannot be read any more, or are too short, are problems of the
    report. Raises UsageError where the table holds frames that were not made here, BadInput where no clip is such.
    """
    import torch

    from ...encoders.versions.cqt import ConstantQ

    config = VersionsConfig()
    clips = audio_clips(store, view=view, where=where, clip_ids=clip_ids)
    writer = FrameWriter(store.tables, name, computed_layout())
    pending = [clip for clip in clips if clip.clip_id not in writer.ids]
    writer.report.known = len(clips) - len(pending)
    front = ConstantQ(config).to("cuda" if torch.cuda.is_available() else "cpu")
    for heard in hear(pending, config.sample_rate_hz, stage="frames", progress=progress):
        writer.report.problems += heard.problems
        for clip, waveform in zip(heard.clips, heard.waveforms, strict=True):
            problem = _take(writer, front, clip, waveform)
            writer.report.problems += [problem] if problem else []
    return writer.finish()


def computed_layout() -> FrameLayout:
    """Return what the frames are that are computed here."""
    config = VersionsConfig()
    return FrameLayout(config.bins, config.frame_s, config.f_min, config.sample_rate_hz)


def _take(writer: FrameWriter, front: ConstantQ, clip: Clip, waveform: Float32) -> Problem | None:
    """Hand the frames of a clip to `writer`; return what is wrong with it otherwise."""
    if len(waveform) <= front.margin:
        seconds = len(waveform) / front.config.sample_rate_hz
        return Problem(clip.path, Reason.SHORT, f"{seconds:.2f} s are too few for the lowest band")
    try:
        writer.add(clip.clip_id, frames_of(front, waveform))
    except BadInput as error:
        return Problem(clip.path, Reason.UNREADABLE, str(error))
    return None


def frames_of(front: ConstantQ, waveform: Float32) -> Float32:
    """Return the frames float32[t, bins] of a waveform float32[n] at the rate of `front`, n more than its margin."""
    import torch

    heard = torch.from_numpy(waveform)[None].to(front.get_buffer("octave0").device)
    with torch.inference_mode():
        found: Float32 = front(heard)[0].T.cpu().numpy()
    return found
