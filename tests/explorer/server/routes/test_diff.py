"""Two views compared for the page: against sets made from the views themselves."""

from __future__ import annotations

import numpy as np
import pytest

from echodex.api import Store
from echodex.pruning.diff import diff
from echodex.schemas.plain import plain

from ..conftest import Page


@pytest.fixture
def views(kinds: Store) -> Store:
    """The store `kinds` with views a and b."""
    for seed, name in ((0, "a"), (1, "b")):
        kinds.prune("random", keep=0.5, seed=seed, min_cluster_size=5).save(name)
    return kinds


def test_three_parts_on_the_map_and_their_numbers(views: Store, page: Page) -> None:
    asked = {"a": "a", "b": "b@1", **page.here()}
    header, codes = page.packet("diff", **asked)
    ids = sorted(views.clips(["clip_id"]).column(0).to_pylist())
    kept = {name: set(views.clips(["clip_id"], view=name).column(0).to_pylist()) for name in ("a", "b")}
    expected = [(clip_id in kept["a"]) + 2 * (clip_id in kept["b"]) for clip_id in ids]
    assert codes.dtype == np.uint8
    assert codes.tolist() == expected
    assert set(expected) == {0, 1, 2, 3}
    found = diff(views, "a", "b")
    assert (header["a"], header["b"]) == ("a@1", "b@1")
    assert header["only_a"] == {"clips": expected.count(1), "hours": pytest.approx(found.only_a.hours)}
    assert header["only_b"] == {"clips": expected.count(2), "hours": pytest.approx(found.only_b.hours)}
    assert header["both"] == {"clips": expected.count(3), "hours": pytest.approx(found.both.hours)}
    assert [one["label"] for one in header["labels"]] == ["high", "low", "noise"]
    again, same = page.packet("diff", **asked)
    assert (again, same.tolist()) == (header, expected)


def test_how_they_differ_in_a_space_is_worked_out_by_a_job(views: Store, page: Page) -> None:
    told = page.job(kind="diff", a="a", b="b@1")
    assert told["state"] == "done", told
    assert (told["stage"], told["done"], told["total"]) == ("leakage", 1, 2)
    found = diff(views, "a", "b").vectors
    assert found.coverage is not None
    assert found.leakage is not None
    assert page.get(f"jobs/{told['job']}/diff") == plain(found)
    assert page.job(kind="diff", a="a@1", b="b")["job"] == told["job"]
    assert page.job(kind="diff", a="b", b="a")["job"] != told["job"]
    assert page.job(kind="diff", a="all", b="b")["state"] == "done"
    assert page.ask(f"jobs/{told['job']}/plan").status_code == 400  # of another kind
    for wrong, status in (({"a": "c"}, 404), ({"b": "b@9"}, 404), ({"a": "a@x"}, 400), ({"b": None}, 400)):
        assert page.post("jobs", **{"kind": "diff", "a": "a", "b": "b", **wrong}).status_code == status


def test_everything_is_a_view_too(views: Store, page: Page) -> None:
    asked = {"a": "all", "b": "b", **page.here()}
    header, codes = page.packet("diff", **asked)
    assert header["a"] == "all"
    assert set(codes.tolist()) == {1, 3}
    assert header["both"]["clips"] == (codes == 3).sum()


def test_what_is_not_there_or_was_before(views: Store, page: Page) -> None:
    asked = {"a": "a", "b": "b", **page.here()}
    for wrong, status in (({"a": "c"}, 404), ({"b": "b@9"}, 404), ({"a": "a@x"}, 400), ({"space": "other"}, 404)):
        assert page.ask("diff", **(asked | wrong)).status_code == status
    assert page.ask("diff", a="a", b="b").status_code == 400
    views.remove(views.clips(["clip_id"]).column(0).to_pylist()[:1])
    assert page.ask("diff", **asked).status_code == 409
