"""What the verbs that read clips by workers have in common: how clips become shards, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import Any

from ..errors import NotFound
from ..schemas.clip import Clip
from .loose import Receipt
from .reading import Problem, why_unread
from .shards import Shard, Workers, cut
from .source_files import State


def shards_of(clips: Sequence[Clip], workers: Workers, least: int, most: int) -> Iterator[Shard[Sequence[Clip]]]:
    """Yield clips in shards of `least` to `most`, each named by its first."""
    for piece in cut(clips, workers.count, most, least):
        yield Shard(f"{len(piece)} clips from {piece[0].path} on", piece)


def told_of(problems: Sequence[Problem]) -> dict[str, Any]:
    """Return problems as a receipt tells them."""
    return {"problems": [astuple(problem) for problem in problems]}


def problems_of(receipt: Receipt) -> list[Problem]:
    """Return the problems that a receipt tells of."""
    return [Problem(*map(str, said)) for said in receipt.told["problems"]]


def check_seen(clips: Sequence[Clip], problems: Sequence[Problem]) -> None:
    """Raise NotFound for a file that a worker could not read as it was, though it is so here: a node does not see it.

    A file is bad only where nobody can read it.
    """
    if not problems:
        return
    clip_of = {clip.path: clip for clip in clips}
    for problem in problems:
        clip = clip_of.get(problem.path)
        if problem.reason in (State.MISSING, State.CHANGED) and clip and why_unread(clip) is None:
            raise NotFound(
                f"a worker finds {problem.path} {problem.reason}, and here it is as it was: every node must see the "
                "files under the same paths, on a file system that they share"
            )
