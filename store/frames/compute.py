"""`materialise --features cqt`: the constant-Q frames of clips, from their audio, as the encoder of versions hears it.

Safe to interrupt and to repeat: half a minute of work is lost at most, and what is there is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from ...encoders.versions.config import VersionsConfig
from ...errors import BadInput
from ...progress import Progress
from ...schemas.clip import Clip, Reason
from ...schemas.vector import Float32
from ..blob_making import make_blobs
from ..blob_writing import Blob
from ..blobs import BlobKind
from ..reading import Problem, audio_clips
from .layout import FrameLayout
from .table import FRAMES
from .writing import FramesReport, FrameWriter, frames_blob

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
    clips = audio_clips(store, view=view, where=where, clip_ids=clip_ids)
    writer = FrameWriter(store.tables, name, computed_layout())
    make_blobs(store.tables, FrameMaker(), clips, writer.blobs, writer.report, workers=store.workers, progress=progress)
    return writer.finish()


@dataclass(frozen=True)
class FrameMaker:
    """Makes the blobs of a table of frames."""

    stage: ClassVar[str] = "frames"
    kind: ClassVar[BlobKind] = FRAMES

    @property
    def sample_rate_hz(self) -> int:
        """What the transform hears."""
        return VersionsConfig().sample_rate_hz

    @cached_property
    def front(self) -> ConstantQ:
        """The transform, made once."""
        import torch

        from ...encoders.versions.cqt import ConstantQ

        return ConstantQ(VersionsConfig()).to("cuda" if torch.cuda.is_available() else "cpu")

    def make(self, clip: Clip, waveform: Float32) -> Blob | Problem:
        """Return the frames of a clip, or what is wrong with it."""
        front = self.front
        if len(waveform) <= front.margin:
            seconds = len(waveform) / front.config.sample_rate_hz
            return Problem(clip.path, Reason.SHORT, f"{seconds:.2f} s are too few for the lowest band")
        try:
            return frames_blob(clip.clip_id, frames_of(front, waveform), front.config.bins)
        except BadInput as error:
            return Problem(clip.path, Reason.UNREADABLE, str(error))


def computed_layout() -> FrameLayout:
    """Return what the frames are that are computed here."""
    config = VersionsConfig()
    return FrameLayout(config.bins, config.frame_s, config.f_min, config.sample_rate_hz)


def frames_of(front: ConstantQ, waveform: Float32) -> Float32:
    """Return the frames float32[t, bins] of a waveform float32[n] at the rate of `front`, n more than its margin."""
    import torch

    heard = torch.from_numpy(waveform)[None].to(front.get_buffer("octave0").device)
    with torch.inference_mode():
        found: Float32 = front(heard)[0].T.cpu().numpy()
    return found
