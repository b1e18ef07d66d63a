"""What people decided about clips: the table `decisions`, made when the first decision is.

A row is never deleted: undoing notes when. A clip id is made of what the clip holds, so that decisions about a clip
that was removed do not count, and count again once it is added again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..errors import NotFound, UsageError
from ..schemas.decision import DECISIONS, Decided, Decision, Kind, decided
from .joining import join_small
from .keys import rows_of
from .known import CLIPS_TABLE
from .lock import writer_lock
from .registries import registered, registry_rows
from .tables import Tables
from .where import storable

TABLE = "decisions"

_TIMES = ("made_at", "undone_at")


def list_decisions(tables: Tables, *, undone: bool = False) -> list[Decision]:
    """Return the decisions that stand, with `undone` also those that were taken back, oldest first."""
    found = [_decision(row) for row in registered(tables, TABLE, DECISIONS)]
    found.sort(key=lambda made: _number(made.decision_id))
    return [made for made in found if undone or made.undone_at is None]


def standing(tables: Tables) -> Decided:
    """Return what the decisions that stand come to; without any, at the cost of a look into the folder."""
    return decided(list_decisions(tables))


def decide(tables: Tables, kind: str, clip_id: str, other: str | None = None, note: str = "") -> Decision:
    """Note a decision; where the same one stands already, return that one as it is.

    Of representatives the last that was chosen counts. So one that stands and is chosen again after others is noted
    anew, and undone as it was. kind: of schemas.decision.Kind; other: the second clip of a distinct pair, in either
    order. Raises UsageError for an unknown kind, or the wrong number of clips for it, NotFound for a clip that is not
    in the store.
    """
    first, second = _checked(kind, clip_id, other, note)
    with writer_lock(tables.folder):
        made = list_decisions(tables, undone=True)
        alike = [known for known in made if known.kind == kind and known.undone_at is None]
        same = next((known for known in alike if (known.clip_id, known.other) == (first, second)), None)
        if same is not None and (kind != Kind.REPRESENTATIVE or same == alike[-1]):
            return same
        _check_clips(tables, [first] if second is None else [first, second])
        last = _number(made[-1].decision_id) if made else 0  # not their count: `repair` may have taken a row away
        new = Decision(f"d{last + 1}", kind, first, second, note, _now(), None)
        tables.create(TABLE, DECISIONS)
        _write(tables, [new] if same is None else [replace(same, undone_at=new.made_at), new])
    return new


def undo_decision(tables: Tables, decision_id: str) -> Decision:
    """Take a decision back, and return it; one that was taken back before stays as it is. Raises NotFound."""
    with writer_lock(tables.folder):
        made = {known.decision_id: known for known in list_decisions(tables, undone=True)}
        if decision_id not in made:
            raise NotFound(f"decision {decision_id[:80]!r} does not exist (echodex decisions list shows them)")
        found = made[decision_id]
        if found.undone_at is None:
            found = replace(found, undone_at=_now())
            _write(tables, [found])
    return found


def _checked(kind: str, clip_id: str, other: str | None, note: str) -> tuple[str, str | None]:
    """Return the clips of a decision, the ids of a pair in order."""
    if kind not in list(Kind):
        raise UsageError(f"a decision is one of {', '.join(Kind)}, not {kind[:80]!r}")
    if (kind == Kind.DISTINCT) != (other is not None):
        asks = "two clips; name the other one, too" if other is None else "one clip; leave the other one out"
        raise UsageError(f"{str(kind)!r} is decided about {asks}")
    if clip_id == other:
        raise UsageError(f"clip {clip_id[:80]!r} cannot be distinct from itself; name two clips")
    if note and not storable(note):
        raise UsageError("a note is UTF-8 text without NUL characters")
    return (clip_id, None) if other is None else (min(clip_id, other), max(clip_id, other))


def _check_clips(tables: Tables, clip_ids: Sequence[str]) -> None:
    asked = [clip_id for clip_id in clip_ids if storable(clip_id)]
    known = set(rows_of(tables, CLIPS_TABLE, ["clip_id"], asked).column(0).to_pylist())
    unknown = next((clip_id for clip_id in clip_ids if clip_id not in known), None)
    if unknown is not None:
        raise NotFound(f"clip {unknown[:80]!r} is not in {tables.place}; nothing was decided")


def _number(decision_id: str) -> int:
    return int(decision_id[1:])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _write(tables: Tables, decisions: Sequence[Decision]) -> None:
    """Write decisions as they are now, new ones and known ones, in one commit."""
    tables.upsert(TABLE, ["decision_id"], registry_rows([_row(made) for made in decisions], DECISIONS))
    join_small(tables, TABLE)


def _row(made: Decision) -> dict[str, Any]:
    times = {name: getattr(made, name) and datetime.fromisoformat(getattr(made, name)) for name in _TIMES}
    return {**made.__dict__, **times}


def _decision(row: dict[str, Any]) -> Decision:
    times = {name: row[name] and row[name].isoformat(timespec="microseconds") for name in _TIMES}
    return Decision(**{**row, **times})
