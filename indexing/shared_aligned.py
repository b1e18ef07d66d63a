"""Of what clips share by their segments, what their waveforms bear out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..audio.cores import core_count
from ..progress import Progress, silent
from ..schemas.clip import Clip
from .groups.verify import Verifier
from .shared_audio import Links

if TYPE_CHECKING:
    from ..store.store import Store


def aligned(links: Links, store: Store, view: str | None, progress: Progress = silent) -> Links:
    """Return the links with those stretches alone whose waveforms are of one recording (`groups.verify`)."""
    clip_ids = sorted({clip_id for link in links for clip_id in link})
    clips = {clip.clip_id: clip for clip in store.sources(clip_ids, view=view)}
    asked = [(link, stretch) for link, stretches in links.items() for stretch in stretches]
    excerpts = []
    for (own, other), stretch in asked:
        excerpts.append(_excerpt(clips[own], stretch.start_s, stretch.end_s))
        excerpts.append(_excerpt(clips[other], stretch.representative_start_s, stretch.representative_end_s))
    kept: Links = {}
    with Verifier(excerpts, threads=core_count()) as verifier:
        for number, (link, stretch) in enumerate(asked):
            if verifier.same_recording(2 * number, [2 * number + 1]):
                kept[link] = (*kept.get(link, ()), stretch)
            progress("verify", number + 1, len(asked))
    return kept


def _excerpt(clip: Clip, start_s: float, end_s: float) -> Clip:
    """Return a stretch of a clip as a clip; the window of its last segment may reach over the clip's end."""
    return replace(clip, offset_s=clip.offset_s + start_s, duration_s=min(end_s, clip.duration_s) - start_s)
