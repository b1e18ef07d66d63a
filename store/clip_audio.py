"""The sound of a stored clip, read in this process: decoded in another one when it was added, and the same since."""

from __future__ import annotations

from ..audio.clip import read_mono
from ..audio.limits import Limits
from ..errors import BadInput, NotFound
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from .reading import why_unread
from .remote.sources import at_hand


def check_unchanged(clip: Clip) -> None:
    """Raise NotFound where the file of a clip is gone, BadInput where it is not the one that was added."""
    if problem := why_unread(clip):
        raised = BadInput if problem.reason == "changed" else NotFound
        raise raised(f"{problem.path} {'has' if raised is BadInput else 'is'} {problem.detail}")


def read_clip(clip: Clip, sample_rate_hz: int, *, from_s: float = 0.0, seconds: float | None = None) -> Float32:
    """Return float32[n], mono, at a rate: a clip, or `seconds` of it from `from_s` on; see `read_mono`.

    Raises NotFound where its file is gone, BadInput where it is not the one that was added or cannot be read.
    """
    check_unchanged(clip)
    return read_mono(
        at_hand(clip.path),
        sample_rate_hz,
        offset_s=clip.offset_s + from_s,
        duration_s=clip.duration_s - from_s if seconds is None else seconds,
        limits=Limits(max_decoded_s=clip.duration_s + 1.0),  # what was accepted when it was added, however long
    )
