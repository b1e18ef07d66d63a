"""A decision: what a person said of a clip among its duplicates. `prune` and `duplicates` heed those that stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa

from .clip import PRIMARY_KEY


class Kind(StrEnum):
    """What can be decided."""

    PIN = "pin"
    """The clip stays, whatever is pruned."""
    DISTINCT = "distinct"
    """Two clips are no duplicates of each other, however near they are."""
    REPRESENTATIVE = "representative"
    """The clip stands for its duplicates, also for those that were chosen before it."""


DECISIONS = pa.schema(
    [
        pa.field("decision_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("other", pa.string()),
        pa.field("note", pa.string()),
        pa.field("made_at", pa.timestamp("us", tz="UTC")),
        pa.field("undone_at", pa.timestamp("us", tz="UTC")),
        pa.field("row_sum", pa.binary(16)),
    ]
)


@dataclass(frozen=True)
class Decision:
    """A row of the table of decisions.

    decision_id: "d1" is the first of a store; kind: of Kind; other: the second clip of a distinct pair, whose ids are
    sorted, None of other kinds; undone_at: None while it stands.
    """

    decision_id: str
    kind: str
    clip_id: str
    other: str | None
    note: str
    made_at: str
    undone_at: str | None


@dataclass(frozen=True)
class Decided:
    """What decisions come to: clip ids, and pairs of them, sorted; of representatives the last chosen first."""

    pinned: tuple[str, ...] = ()
    distinct: tuple[tuple[str, str], ...] = ()
    representatives: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pinned or self.distinct or self.representatives)

    def as_recipe(self) -> dict[str, Any]:
        """Return it as JSON can hold it, by kind; `decided_by` reads it back."""
        told = {Kind.PIN: self.pinned, Kind.DISTINCT: self.distinct, Kind.REPRESENTATIVE: self.representatives}
        return {kind.value: list(clips) for kind, clips in told.items() if clips}


UNDECIDED = Decided()


def decided(decisions: Iterable[Decision]) -> Decided:
    """Return what those decisions come to that stand; decisions: oldest first."""
    standing = [made for made in decisions if made.undone_at is None]
    pairs = {(made.clip_id, made.other) for made in standing if made.kind == Kind.DISTINCT and made.other}
    chosen = dict.fromkeys(made.clip_id for made in reversed(standing) if made.kind == Kind.REPRESENTATIVE)
    pinned = {made.clip_id for made in standing if made.kind == Kind.PIN}
    return Decided(tuple(sorted(pinned)), tuple(sorted(pairs)), tuple(chosen))


def decided_by(recipe: Mapping[str, Any]) -> Decided:
    """Return what `as_recipe` wrote."""
    pairs = tuple((one, other) for one, other in recipe.get(Kind.DISTINCT, ()))
    return Decided(tuple(recipe.get(Kind.PIN, ())), pairs, tuple(recipe.get(Kind.REPRESENTATIVE, ())))
