"""`add`: sources become clip rows. Decodes every new file once, whole, and says of each how it ended.

Safe to interrupt, to repeat and to run in several processes at once: ids come from the bytes, a batch is one commit
under the writer lock, and what another process added meanwhile is left out of it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from ..audio.children.pool import Children
from ..audio.clip import Decoded
from ..audio.limits import Limits
from ..errors import BadInput
from ..progress import Progress
from ..schemas.clip import CLIPS, Source, Status
from ..schemas.condition import UNDECIDED
from ..schemas.vector import Float32
from .identity import clip_id
from .joining import join_small
from .known import CLIPS_TABLE, Known
from .lock import writer_lock
from .pipeline import in_order
from .reading import AHEAD_CLIPS, BATCH_BYTES, Problem
from .remote.sources import at_hand
from .rows import Conflict, FileFacts, Row, clip_row, clip_table, rejudged, unite
from .shards import Workers
from .tables import Tables
from .where import is_in

if TYPE_CHECKING:
    from .datasets.works import WorkCount

COMMIT_CLIPS = 512
COMMIT_S = 10.0


class Listener(Protocol):
    """Something that wants the waveforms while they are decoded anyway: embedding in the same pass."""

    sample_rate_hz: int
    batch_clips: int
    """How many it takes at once, at most."""

    def accept(self, clip_ids: Sequence[str], waveforms: Sequence[Float32]) -> None:
        """Take the waveforms of clips whose rows are about to be committed: mono, float32[n] each, at
        `sample_rate_hz`.
        """

    def commit(self) -> None:
        """Write what is waiting: nothing more will come."""


@dataclass
class AddReport:
    """What `add` did. `added` and `hours` count new clips, `statuses` how they and unreadable files ended, `known`
    those passed over, `updated` those that were seen again elsewhere or were told more about; `problems` are all
    that is not ok, `conflicts` what two copies disagree on. Of a data set, `missing` are the files that its lists have
    and its folder has not, `notes` what it says of itself: above all, which split this is, and `works`, where it is one
    of versions of works, how many of each split can be used.
    """

    added: int = 0
    known: int = 0
    updated: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    hours: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    unmatched_labels: int = 0
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    works: list[WorkCount] = field(default_factory=list)


@dataclass(frozen=True)
class Examined:
    """A source after its turn; `decoded` is None for a clip that is known, `facts` for one that
    failed.
    """

    source: Source
    clip_id: str = ""
    facts: FileFacts | None = None
    decoded: Decoded | None = None
    tags: dict[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    known: bool = False


Decode = Callable[[Source, Limits, int | None], tuple[Decoded, dict[str, str]]]
"""From a source, limits and a rate to how decoding it came out, with a waveform at that rate, and the file's tags."""


def decode_audio(children: Children) -> Decode:
    """Return what decodes files of audio, or excerpts of them, and reads their tags, each in one of `children`."""

    def decode(source: Source, limits: Limits, sample_rate_hz: int | None) -> tuple[Decoded, dict[str, str]]:
        return children.decode_clip(
            at_hand(source.path),
            offset_s=source.offset_s,
            duration_s=source.duration_s,
            sample_rate_hz=sample_rate_hz,
            limits=limits,
        )

    return decode


def add_sources(
    tables: Tables,
    sources: Sequence[Source],
    *,
    limits: Limits,
    listener: Listener | None,
    progress: Progress,
    decode: Decode | None = None,
    lacks: Callable[[str], bool] = lambda _: False,
    workers: Workers | None = None,
) -> AddReport:
    """Add `sources` to the clips table; `listener` gets the waveforms of new usable clips. Returns what was done.

    decode: None for files of audio, which are decoded in processes of their own. lacks: whether the listener wants a
    clip, by its id, though the clips table has it. workers: who decodes files of audio, for no listener; None for this
    process.
    """
    known = Known(tables)
    report = AddReport()
    if workers is None:
        batches = _examined_here(known, sources, limits, listener, decode, lacks)
    else:
        from .ingest_shards import examined_by

        batches = examined_by(workers, tables, sources, limits)
    done = 0
    with closing(batches):  # else what decodes would outlive an error for as long as somebody holds that
        for batch in batches:
            _commit(tables, known, batch, report)
            done += len(batch)
            progress("add", done, len(sources))
    if listener:
        listener.commit()
    with writer_lock(tables.folder):
        join_small(tables, CLIPS_TABLE)
        tables.index_keys(CLIPS_TABLE)
    return report


def _examined_here(
    known: Known,
    sources: Sequence[Source],
    limits: Limits,
    listener: Listener | None,
    decode: Decode | None,
    lacks: Callable[[str], bool],
) -> Generator[list[Examined], None, None]:
    sample_rate_hz = listener.sample_rate_hz if listener else None
    with Children() as children:
        decoder = decode or decode_audio(children)
        examined = in_order(
            lambda source: examine(source, known, lambda new: decoder(new, limits, sample_rate_hz), lacks),
            sources,
            ahead=AHEAD_CLIPS,
            size_bytes=_waveform_bytes,
        )
        yield from _batches(_tell(listener, examined) if listener else examined)


def examine(
    source: Source,
    known: Known,
    decode: Callable[[Source], tuple[Decoded, dict[str, str]]],
    lacks: Callable[[str], bool] = lambda _: False,
) -> Examined:
    """Return what a source is: known, or decoded, or why it cannot be read."""
    try:
        source.path.encode()
        content, mtime_ns, size_bytes = known.content_of(source)
    except UnicodeEncodeError:
        printable = source.path.encode(errors="backslashreplace").decode()
        return Examined(source, problem=Problem(printable, "unreadable", "its name is not UTF-8; rename the file"))
    except (OSError, BadInput) as error:
        return Examined(source, problem=Problem(source.path, "unreadable", str(error)))
    facts = FileFacts(content, mtime_ns, size_bytes)
    identity = clip_id(content, source)
    if identity in known.undecided or (identity in known.ids and lacks(identity)):
        return Examined(source, identity, facts, *decode(source))
    if known.has(source, content, mtime_ns):
        return Examined(source, identity, facts, known=True)
    if identity in known.ids:
        return Examined(source, identity, facts)
    return Examined(source, identity, facts, *decode(source))


def _batches(examined: Iterator[Examined]) -> Iterator[list[Examined]]:
    batch: list[Examined] = []
    started = time.monotonic()
    for item in examined:
        batch.append(item)
        if len(batch) >= COMMIT_CLIPS or time.monotonic() - started > COMMIT_S:
            yield batch
            batch, started = [], time.monotonic()
    if batch:
        yield batch


def _commit(tables: Tables, known: Known, batch: list[Examined], report: AddReport) -> None:
    """Write one batch as at most two commits: new rows appended, rows seen again replaced."""
    with writer_lock(tables.folder):
        known.refresh()
        wanted = {item.clip_id for item in batch if item.facts and not item.known}
        rows = _stored_rows(tables, wanted & known.ids)
        stored = {identity: dict(row) for identity, row in rows.items()}
        for item in batch:
            _settle(item, rows, report)
        new = [row for identity, row in rows.items() if identity not in stored]
        changed = [row for identity, row in rows.items() if identity in stored and row != stored[identity]]
        if changed:
            tables.upsert(CLIPS_TABLE, ["clip_id"], clip_table(changed))
            known.wrote(changed, 1)
        if new:
            tables.append(CLIPS_TABLE, clip_table(new), seen=known.version)
            known.wrote(new, 1)
    report.updated += len(changed)
    report.problems += [_problem(rows[item.clip_id]) for item in batch if _failed_again(item, stored, rows)]
    _count_new(new, report)


def _settle(item: Examined, rows: dict[str, Row], report: AddReport) -> None:
    """Put one examined source into `rows`: as a new row, or united with the row that is there."""
    if item.problem:
        report.problems.append(item.problem)
        report.statuses[Status.BAD] += 1
    elif item.known:
        report.known += 1
    elif item.facts and item.clip_id in rows:
        united, conflicts = unite(rows[item.clip_id], item.source, item.facts)
        rows[item.clip_id] = rejudged(united, item.decoded, item.tags) if item.decoded else united
        report.conflicts += conflicts
        report.known += 1
    elif item.facts and item.decoded:
        rows[item.clip_id] = clip_row(item.clip_id, item.source, item.facts, item.decoded, item.tags)


def _count_new(rows: list[Row], report: AddReport) -> None:
    report.added += len(rows)
    for row in rows:
        report.statuses[row["status"]] += 1
        report.hours += row["decoded_s"] / 3600 if row["status"] != Status.BAD else 0.0
        if row["status"] != Status.OK:
            report.problems.append(_problem(row))


def _failed_again(item: Examined, stored: Mapping[str, Row], rows: Mapping[str, Row]) -> bool:
    """Return whether a clip of the store was tried anew, and still nobody knows what its file holds."""
    return item.decoded is not None and item.clip_id in stored and rows[item.clip_id]["reason"] in UNDECIDED


def _problem(row: Row) -> Problem:
    return Problem(row["uris"][0], row["reason"], row["detail"])


def _stored_rows(tables: Tables, ids: set[str]) -> dict[str, Row]:
    if not ids:
        return {}
    columns = [name for name in CLIPS.names if name != "row_sum"]
    found = tables.scan(CLIPS_TABLE, columns, where=is_in("clip_id", sorted(ids)))
    return {row["clip_id"]: row for row in found.to_pylist()}


def _waveform_bytes(item: Examined) -> int:
    return item.decoded.waveform.nbytes if item.decoded and item.decoded.waveform is not None else 0


def _tell(listener: Listener, examined: Iterator[Examined]) -> Iterator[Examined]:
    """Yield the items without their waveforms, having handed those to the listener, a batch at a time."""
    waiting: list[Examined] = []
    for item in chain(examined, [None]):
        if item:
            waiting.append(item)
        if item is None or len(waiting) == listener.batch_clips or sum(map(_waveform_bytes, waiting)) > BATCH_BYTES:
            heard = {i.clip_id: i.decoded.waveform for i in waiting if i.decoded and i.decoded.waveform is not None}
            if heard:
                listener.accept(list(heard), list(heard.values()))
            yield from (replace(i, decoded=i.decoded and replace(i.decoded, waveform=None)) for i in waiting)
            waiting = []
