"""`identify` for many queries at once, answered into files (sequence/batch.py), and for a stream that does not end."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..audio.children.pool import Children
from ..audio.cores import core_count
from ..audio.unusable import Unusable
from ..errors import NotFound, UsageError
from ..progress import Progress, silent
from ..schemas.hit import Match
from ..schemas.manifest import SEGMENT
from ..schemas.vector import Float32
from ..store.pipeline import in_order
from .index.opened import mended
from .sequence.batch import ANSWERS, ERROR, NO_MATCH, Answer, AnswerFiles
from .sequence.finder import Asked, Finder, open_finder
from .sequence.listen import Heard
from .sequence.songs import SongScores
from .sequence.stream import follow

if TYPE_CHECKING:
    from ..store.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchReport:
    """answers: the TSV file; queries: in all; known: answered before; unmatched: nothing found; errors: unreadable."""

    answers: str
    queries: int
    known: int
    matched: int
    unmatched: int
    errors: int


def identify_all(
    store: Store,
    queries: Sequence[str],
    out: str | Path,
    asked: Asked,
    *,
    space: str | None = None,
    progress: Progress = silent,
) -> BatchReport:
    """Answer audio files, in order, into the folder `out`; one that was stopped goes on where it was.

    The answer of a query is the clip of its surest match. Raises what `identify` raises but for a query that is missing
    or cannot be used, which is logged and answered by ERROR, and UsageError where `out` holds another batch.
    """
    if not queries:
        raise UsageError("a batch has no query; name files, or a list of them")
    found = store.space(space)
    known: list[int] = []

    def answered() -> list[str]:
        finder = open_finder(store, found, asked, progress)
        songs = [clip.path for clip in store.sources(finder.songs)]
        settings = json.dumps([found.identity, asdict(asked)])
        with AnswerFiles(Path(out), queries, songs, settings) as files, Children() as children:
            known.append(files.done)
            rest = queries[files.done :]
            for heard in in_order(lambda query: _heard(finder, query, children), rest, ahead=core_count() + 1):
                files.write(_answer(finder, heard))
                progress("identify", files.done, len(queries))
            return files.answers

    answers = mended(answered, store, found, level=SEGMENT, progress=progress)
    errors, unmatched = answers.count(ERROR), answers.count(NO_MATCH)
    matched = len(answers) - errors - unmatched
    return BatchReport(str(Path(out) / ANSWERS), len(queries), known[0], matched, unmatched, errors)


def identify_stream(
    store: Store, blocks: Iterable[Float32], sample_rate_hz: int, asked: Asked, *, space: str | None = None
) -> Iterator[Match]:
    """Yield what plays in a stream of blocks float32[n], mono, each match once, as soon as it is sure.

    Raises what `identify` raises.
    """
    found = store.space(space)
    finder = mended(lambda: open_finder(store, found, asked), store, found, level=SEGMENT)
    return follow(finder, blocks, sample_rate_hz)


def _heard(finder: Finder, query: str, children: Children) -> Heard | None:
    try:
        return finder.listen(query, children=children)
    except (Unusable, NotFound) as error:  # no other BadInput: an encoder that fails would fail at every query
        logger.warning("%s", error)
        return None


def _answer(finder: Finder, heard: Heard | None) -> Answer:
    if heard is None:
        return Answer(ERROR)
    scores = SongScores(len(finder.collection.bounds) - 1)
    runs = finder.runs(heard, scores.note)
    table = finder.song_table(scores)
    if not runs:
        return Answer(NO_MATCH, songs=table)
    surest = finder.told(runs[0], heard)
    time_s = surest.clip_start_s - surest.query_start_s
    return Answer(surest.path, surest.score, time_s, tuple(runs[0].scores.tolist()), table)
