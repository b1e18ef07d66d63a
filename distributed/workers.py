"""Shards to workers: whoever is free gets the next one, and a shard whose worker was lost is done by another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from uuid import uuid4

from ..errors import EchodexError, Unavailable
from ..progress import Progress, say
from ..store.shards import Shard, Shared
from .staff import Member, Staff

A = TypeVar("A")
B = TypeVar("B")

Call = Future[Any]

TRIES = 3
"""Workers that a shard may lose: one is taken for chance, three for its own doing."""

_LOOK_S = 2.0
"""How often to look for nodes that came."""
_PATIENCE = 15
"""After so many looks without a single worker, it is told that there is none."""
_HOPE = 60
"""After so many it is given up, where no node is there that could hold one."""


@dataclass(frozen=True)
class _Reference:
    """A value in the memory of the cluster."""

    reference: Any

    def get(self) -> Any:
        """Return it; arrays lie in memory that all workers of a node share."""
        import ray

        return ray.get(self.reference)


class RayWorkers:
    """store.shards.Workers on the cluster that the program is connected to. `end` lets them go."""

    def __init__(self, folder: Path | None, progress: Progress) -> None:
        self.folder = folder
        self._staff = Staff()
        self._progress = progress
        self._free: list[Member] = []
        self._coming: dict[Call, Member] = {}
        self._done: SimpleQueue[Call] = SimpleQueue()
        self._looks = 0
        self._unborn = 0
        self._hire()

    @property
    def count(self) -> int:
        """How many shards are done at a time."""
        return max(1, len(self._staff.places))

    @property
    def nodes(self) -> int:
        """How many nodes hold workers."""
        return len({place.node for place in self._staff.places})

    def share(self, value: Any) -> Shared[Any]:
        """Return a reference to a value: a node fetches it once."""
        import ray

        return _Reference(ray.put(value))

    def each(self, work: Callable[[A], B], shards: Iterable[Shard[A]]) -> Iterator[tuple[Shard[A], B]]:
        """Yield shards with what came of them; see store.shards.Workers. Stopped early, it lets those go that work."""
        import ray

        name, reference = uuid4().hex, ray.put(work)
        waiting, again = ((shard, 0) for shard in shards), deque[tuple[Shard[A], int]]()
        running: dict[Call, tuple[Member, Shard[A], int]] = {}
        self._hire()
        try:
            while True:
                while self._free and (taken := next(chain(_taken(again), waiting), None)) is not None:
                    member = self._free.pop()
                    call = self._ask(member.actor.do.remote(name, [reference], taken[0].content))
                    running[call] = member, *taken
                if not running and not again and self._free:
                    return
                for call in [call for call in self._wait(idle=not running) if call in running]:
                    member, shard, lost = running.pop(call)
                    try:
                        result = _result(call)
                    except _LostWorker as reason:
                        self._staff.lose(member)
                        self._hire()
                        _check_lost(shard, lost + 1, reason)
                        again.append((shard, lost + 1))
                    else:
                        self._free.append(member)
                        yield shard, result
        finally:
            for member, *_ in running.values():
                self._staff.lose(member)

    def end(self) -> None:
        """Let all workers go."""
        for member in [*self._free, *self._coming.values()]:
            self._staff.lose(member)
        self._free, self._coming = [], {}

    def _ask(self, reference: Any) -> Call:
        """Return what will have what comes of a call. Ray's own way to wait makes any signal a Ctrl-C."""
        call: Call = reference.future()
        call.add_done_callback(self._done.put)
        return call

    def _wait(self, *, idle: bool) -> list[Call]:
        """Return the calls that are done by now, maybe none; welcome who comes meanwhile. idle: nobody is at work."""
        done = list[Call]()
        with suppress(Empty):
            done.append(self._done.get(timeout=_LOOK_S))
            while True:
                done.append(self._done.get_nowait())
        if not done:
            self._look(idle=idle)
        for call in [call for call in done if call in self._coming]:
            self._welcome(self._coming.pop(call), call)
        return done

    def _welcome(self, member: Member, call: Call) -> None:
        try:
            _result(call)
        except _LostWorker as reason:
            self._staff.lose(member)
            self._unborn += 1
            if self._unborn >= TRIES * self.count:
                raise Unavailable(
                    f"workers of Ray end before they begin ({reason}); is the same echodex installed on every node?"
                ) from reason
        else:
            self._free.append(member)
            self._unborn = 0

    def _look(self, *, idle: bool) -> None:
        """Hire where nodes came, and tell it where there is nobody to work."""
        self._hire()
        self._looks = self._looks + 1 if idle else 0
        if self._looks == _PATIENCE:
            say(self._progress, "ray: no worker yet; others may hold the cores of the cluster (`ray status` tells)")
        if self._looks >= _HOPE and not self._staff.places:
            raise Unavailable("the Ray cluster has no node left with a core to work on; start one by `ray start`")

    def _hire(self) -> None:
        self._coming.update({self._ask(ready): member for ready, member in self._staff.hire()})


def _result(call: Call) -> Any:
    """Return what a call came to. Raises what it raised, or _LostWorker where nobody is there to say."""
    from ray.exceptions import RayError, RayTaskError

    try:
        return call.result()
    except RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, Exception) else EchodexError(str(error))) from None
    except RayError as error:
        raise _LostWorker(str(error).strip().partition("\n")[0]) from None


class _LostWorker(Exception):
    """The process is gone: killed, out of memory, or its node is."""


def _taken(queue: deque[A]) -> Iterator[A]:
    if queue:
        yield queue.popleft()


def _check_lost(shard: Shard[Any], times: int, reason: Exception) -> None:
    if times >= TRIES:
        raise EchodexError(
            f"no worker survived {shard.name}: {times} were lost over it (the last: {reason}); look for want of memory "
            "on the nodes, or run it without a cluster to see what is wrong"
        ) from reason
