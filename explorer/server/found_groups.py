"""Duplicate groups as the page shows them side by side: which one stands for the others, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from ...indexing.groups import originals
from ...schemas.decision import Decision, Kind
from ...schemas.hit import DuplicateGroup, Member
from ...store.tables import Tables
from .clip_names import LINE_COLUMNS, name_of
from .snapshot import Snapshot

SHOWN = 100
"""Members of a group that are listed: the page tells how many there are."""
_COLUMNS = tuple(dict.fromkeys(("clip_id", *LINE_COLUMNS, *originals.COLUMNS)))

_BETTER = {
    "duration": "the longest of them",
    "lossless": "lossless, the others are not",
    "rate": "of the highest sample rate",
    "channels": "of the most channels",
}
"""By each of originals.ORDER."""


@dataclass(frozen=True)
class FoundGroups:
    """What a job found: groups, the largest first, in a snapshot whose rows the page knows."""

    snapshot: Snapshot
    groups: Sequence[DuplicateGroup]
    verified: bool

    def page(self, tables: Tables, decisions: Sequence[Decision], first: int, count: int) -> dict[str, Any]:
        """Return `count` groups from the one numbered `first` on, from 0."""
        shown = self.groups[first : first + count]
        clip_ids = list(dict.fromkeys(member.clip_id for group in shown for member in _listed(group)))
        clips = self.snapshot.clips(tables, _COLUMNS, clip_ids)
        described = dict(zip(clip_ids, range(len(clip_ids)), strict=True))
        rows = clips.to_pylist()
        said = _kinds(decisions)
        told = []
        for number, group in enumerate(shown, start=first):
            own = [rows[described[member.clip_id]] for member in _listed(group)]
            of_group = clips.take(sorted({described[member.clip_id] for member in _listed(group)}))
            told.append(
                {
                    "number": number,
                    "representative": group.representative,
                    "lowest_pair_score": group.lowest_pair_score,
                    "why": self._why(group, of_group, said),
                    "size": len(group.members),
                    "members": [
                        self._member(group, member, row, said) for member, row in zip(_listed(group), own, strict=True)
                    ],
                }
            )
        return {"total": len(self.groups), "groups": told}

    def _member(
        self, group: DuplicateGroup, member: Member, row: Mapping[str, Any], said: Mapping[str, list[str]]
    ) -> dict[str, Any]:
        kinds = said.get(member.clip_id, [])
        return {
            "row": self.snapshot.row_of(member.clip_id),
            "clip_id": member.clip_id,
            "name": name_of(member.path, row["excerpt"], row["offset_s"], row["duration_s"]),
            "path": member.path,
            "score": member.score,
            "exact": member.exact,
            "alignment": asdict(member.alignment) if member.alignment else None,
            "stretches": [asdict(stretch) for stretch in member.stretches],
            "duration_s": row["duration_s"],
            "sample_rate_hz": row["sample_rate_hz"],
            "channels": row["channels"],
            "codec": row["codec"],
            "labels": row["labels"] or [],
            "kept": Kind.PIN in kinds or (member.clip_id == group.representative and not member.exact),
            "decisions": kinds,
        }

    def _why(self, group: DuplicateGroup, clips: pa.Table, said: Mapping[str, list[str]]) -> str:
        """Say why the representative is the one that stands for the others."""
        if Kind.REPRESENTATIVE in said.get(group.representative, []):
            return "Chosen by you."
        if Kind.PIN in said.get(group.representative, []):
            return "Pinned by you."
        others = len({member.clip_id for member in group.members}) - 1
        if not others:
            return f"The same bytes in {len(group.members)} places: one clip, which is kept once."
        if len(group.members) > SHOWN:  # of those that are not listed, nobody looks here at what they are
            return f"It stands for {others} other{'s' * (others > 1)}."
        better = _better(clips, clips.column("clip_id").to_pylist().index(group.representative))
        if better is None:
            more = "lie on it" if self.verified else "are near it"
            return f"More clips {more}, though another is a better original."
        if self.verified:
            return f"It is {better}." if better else "None of the others is a better original."
        if better:
            return f"It is {better}, and no other has more clips near it."
        return "No other has more clips near it, or is a better original."


def _better(clips: pa.Table, own: int) -> str | None:
    """Return in what a clip is the best of some, "" where another is as good, None where another is better."""
    rivals = [row for row in range(len(clips)) if row != own]
    for name in originals.ORDER:
        places = originals.preference(clips, [name])
        best = min(places[row] for row in rivals)
        if places[own] > best:
            return None
        if places[own] < best:
            return _BETTER[name]
        rivals = [row for row in rivals if places[row] == best]
    return ""


def _listed(group: DuplicateGroup) -> tuple[Member, ...]:
    return group.members[:SHOWN]


def _kinds(decisions: Sequence[Decision]) -> dict[str, list[str]]:
    """Return the kinds of decision that stand about each clip."""
    said: dict[str, list[str]] = {}
    for made in decisions:
        for clip_id in (made.clip_id, made.other):
            if clip_id is not None and made.kind not in said.setdefault(clip_id, []):
                said[clip_id].append(made.kind)
    return said
