"""Where workers go: a place for each GPU of a node, or one with all its cores."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from echodex.distributed.places import Place, places_of


def node(name: str, *, host: str = "h", alive: bool = True, **resources: float) -> dict[str, Any]:
    return {"NodeID": name, "NodeManagerHostname": host, "Alive": alive, "Resources": resources}


def test_a_node_without_gpus_is_one_worker_with_all_cores() -> None:
    assert places_of([node("b", CPU=8.0, memory=1e9)]) == [Place("b", "h", 8, 0, 0)]


def test_each_gpu_is_a_worker_with_its_share_of_the_cores() -> None:
    assert places_of([node("b", CPU=9.0, GPU=2.0)]) == [Place("b", "h", 4, 1, 0), Place("b", "h", 4, 1, 4)]


def test_the_dead_and_those_without_cores_hold_none() -> None:
    assert places_of([node("a", CPU=4.0, alive=False), node("b", GPU=1.0), node("c", CPU=0.5)]) == []


@given(st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 9), st.integers(0, 12)), max_size=6))
def test_no_core_of_a_host_is_given_twice(nodes: list[tuple[str, int, int]]) -> None:
    made = [node(str(number), host=host, CPU=cpu, GPU=gpu) for number, (host, cpu, gpu) in enumerate(nodes)]
    found = places_of(made)
    given_out = [(p.host, core) for p in found for core in range(p.first_core, p.first_core + p.cores)]
    assert len(given_out) == len(set(given_out)) <= sum(cpu for _, cpu, _ in nodes)
    assert all(place.cores >= 1 for place in found)
    assert len(set(found)) == len(found)
