"""The workers of a cluster: hired where there is a place, let go at the end, replaced when they are lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .places import Place, places_of
from .worker import EchodexWorker, version


@dataclass(frozen=True, eq=False)
class Member:
    """A worker: an actor, and its place."""

    actor: Any
    place: Place


class Staff:
    """All workers that a cluster has places for."""

    def __init__(self) -> None:
        import ray

        self._make = ray.remote(EchodexWorker)
        self._held: dict[Place, Member] = {}

    @property
    def places(self) -> list[Place]:
        """Where workers are, or are on their way to."""
        return list(self._held)

    def hire(self) -> Iterator[tuple[Any, Member]]:
        """Start a worker at every place that has none; yield them, each with the reference that is there once it is."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes: Callable[[], list[dict[str, Any]]] = ray.nodes  # untyped where Ray is installed
        for place in places_of(nodes()):
            if place in self._held:
                continue
            options = self._make.options(
                num_cpus=place.cores,
                num_gpus=place.gpus,
                max_restarts=0,  # what was lost is told to us: a shard must not be done by nobody knows whom
                scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False),
            )
            member = Member(options.remote(version(), place.first_core, place.cores), place)
            self._held[place] = member
            yield member.actor.ready.remote(), member

    def lose(self, member: Member) -> None:
        """Let a worker go, at once and whatever it does: its place is free."""
        import ray

        self._held.pop(member.place, None)
        ray.kill(member.actor)
