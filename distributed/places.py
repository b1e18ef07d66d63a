"""Which workers the nodes of a cluster can hold: one for each GPU of a node, or one that has all its cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """A worker to be: on which node, with how many cores and GPUs, and the first of these cores among those of its
    host, which may be several nodes.

    A worker has many cores, and not one, because it does what a whole machine does without a cluster: it decodes and
    computes in threads, and holds one encoder for all of them.
    """

    node: str
    host: str
    cores: int
    gpus: int
    first_core: int


def places_of(nodes: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Return the places of nodes as `ray.nodes()` lists them; a dead node, or one without a core, has none."""
    found: list[Place] = []
    begun: dict[str, int] = {}
    for node in sorted(nodes, key=lambda node: str(node["NodeID"])):
        cores, gpus = (int(node["Resources"].get(name, 0)) for name in ("CPU", "GPU"))
        if not node["Alive"] or not cores:
            continue
        host, seats = node["NodeManagerHostname"], min(max(gpus, 1), cores)
        for _ in range(seats):
            first = begun.get(host, 0)
            begun[host] = first + cores // seats
            found.append(Place(node["NodeID"], host, cores // seats, min(gpus, 1), first))
    return found
