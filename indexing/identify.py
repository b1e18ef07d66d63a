"""`identify`: what plays where in a file of any length."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..audio.unusable import Unusable
from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.hit import Match
from ..schemas.manifest import SEGMENT
from .index.opened import mended
from .sequence.background import Background, background
from .sequence.listen import Heard, listen
from .sequence.match import Run, Worth, match
from .sequence.timeline import Timeline, open_timeline

if TYPE_CHECKING:
    import pyarrow as pa

    from ..store.store import Store

MIN_CONFIDENCE = 0.95
"""Of what is found without a threshold of the user's: below it, something unrelated could well match as long."""

MAX_GAP_S = 2.0
"""A match goes on over as long a stretch of pairs below the threshold: a voice over the music, a dropped packet."""


def identify(
    store: Store,
    query: str | Path | BinaryIO,
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    min_score: float | None = None,
    limit: int | None = None,
    progress: Progress = silent,
) -> list[Match]:
    """Return which stretches of clips play in which stretches of an audio file, by where in the file they begin.

    query: the path of a file of any length, or an open binary file, which is copied to a temporary one first. No two
    matches claim the same time of the query: of several clips that match there, the one whose scores sum highest above
    the threshold is given. What is alike in silence alone (below -70 dB in the query) is no match. min_score: the
    threshold and lowest mean cosine of a match; None is what 999 in 1,000 unrelated pairs of segments of this space
    stay below (sequence/background.py), and then only matches of at least MIN_CONFIDENCE are returned. limit: only so
    many, the surest.

    Raises UsageError for a space without segments, NotFound for an unknown space, view or file, BadInput for a file
    that cannot be used.
    """
    if min_score is not None and not -1 <= min_score <= 1:
        raise UsageError(f"a score is a cosine from -1 to 1, not {min_score}")
    if limit is not None and limit < 1:
        raise UsageError(f"limit is how many matches to return, at least 1, not {limit}")
    found = store.space(space)
    with _on_disk(query) as path:

        def matches() -> list[Match]:
            timeline = open_timeline(store, found, progress)
            usable = store.clips(["clip_id"], view=view, where=where).column(0).combine_chunks()
            heard = listen(path, store.encoder(found), timeline.hop_s, progress)
            return _best(store, timeline, heard, usable, min_score)[:limit]

        surest = mended(matches, store, found, level=SEGMENT, progress=progress)
    return sorted(surest, key=lambda match: match.query_start_s)


def _best(store: Store, timeline: Timeline, heard: Heard, usable: pa.Array, min_score: float | None) -> list[Match]:
    """Return the matches of what was heard among the clips `usable`, the surest first."""
    unrelated = background(timeline.collection())
    worth = _worth(unrelated) if min_score is None else Worth(min_score)
    least = unrelated.excess(MIN_CONFIDENCE, _pairs(timeline, heard)) if min_score is None else 0.0
    gap = math.ceil(MAX_GAP_S / timeline.hop_s)
    runs = match(heard.vectors, timeline.collection(usable), worth, max_gap=gap, min_excess=least)
    telling = [run for run in runs if _excess(run, heard, worth) > least]
    return _matches(store, timeline, heard, sorted(telling, key=lambda run: -_excess(run, heard, worth)), unrelated)


@contextmanager
def _on_disk(query: str | Path | BinaryIO) -> Iterator[str | Path]:
    """Yield a path of the query: decoders have to seek, which a pipe cannot."""
    if isinstance(query, str | Path):
        yield query
        return
    with tempfile.NamedTemporaryFile(prefix="echodex-query-") as spool:
        shutil.copyfileobj(query, spool)
        spool.flush()
        try:
            yield spool.name
        except Unusable as error:
            raise Unusable("the query's stream", error.reason, error.detail) from error


def _worth(unrelated: Background) -> Worth:
    """Return what pairs are worth; a bad one, at a note that falls between two segments, undoes one perfect pair."""
    return Worth(unrelated.threshold, most_loss=1 - unrelated.threshold)


def _excess(run: Run, heard: Heard, worth: Worth) -> float:
    """Return the sum of what the pairs of a run are worth, silence left out: that is alike in all recordings."""
    return float(worth.of(run.scores)[heard.sounding[run.start : run.stop]].sum())


def _pairs(timeline: Timeline, heard: Heard) -> float:
    """Return how many pairs of segments a match is the best of."""
    return float(len(heard.vectors) * len(timeline))


def _matches(store: Store, timeline: Timeline, heard: Heard, runs: list[Run], unrelated: Background) -> list[Match]:
    """Return what the runs mean in seconds and files."""
    clips = {clip.clip_id: clip for clip in store.sources(sorted({timeline.clip_id(run.clip) for run in runs}))}
    matches = []
    for run in runs:
        clip = clips[timeline.clip_id(run.clip)]
        first_s = timeline.start_s(run.clip, run.start + run.shift)
        last_s = timeline.start_s(run.clip, run.stop - 1 + run.shift)
        matches.append(
            Match(
                clip.clip_id,
                clip.path,
                query_start_s=run.start * timeline.hop_s,
                query_end_s=min((run.stop - 1) * timeline.hop_s + heard.window_s, heard.seconds),
                clip_start_s=first_s,
                clip_end_s=min(last_s + heard.window_s, clip.duration_s),
                score=min(run.score, 1.0),
                confidence=unrelated.confidence(_excess(run, heard, _worth(unrelated)), _pairs(timeline, heard)),
                segments=len(run.scores),
            )
        )
    return matches
