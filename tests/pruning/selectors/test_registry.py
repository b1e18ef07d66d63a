from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from echodex.errors import NotFound, UsageError
from echodex.pruning.choice import choose
from echodex.pruning.config import PruneConfig
from echodex.pruning.selectors import registry
from echodex.pruning.selectors.base import Selection
from echodex.schemas.vector import Float32


@pytest.fixture
def firsts() -> Iterator[None]:
    """A selector of one's own: the first `count` clips of each cluster."""

    @registry.register("firsts")
    @dataclass(frozen=True)
    class Firsts:
        name: ClassVar[str]
        needs_keep: ClassVar[bool] = False
        count: int = 1

        def select(self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None = None) -> Selection:
            m = len(vectors)
            return Selection(np.arange(m), np.zeros(m, np.float32), min(self.count, m))

    yield
    del registry.SELECTORS.classes["firsts"]


def test_the_built_in_ones_are_listed_and_load() -> None:
    assert registry.names() == ("facility", "jsd", "kcenter", "medoid", "random", "semdedup")
    assert tuple(registry.selector_class(name).name for name in registry.names()) == registry.names()


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'facility'"):
        registry.build("faclity", {}, {})


def test_a_selector_of_ones_own_takes_part(firsts: None) -> None:
    matrix = np.repeat(np.eye(2, 8, dtype=np.float32), 12, axis=0)
    matrix[:, 7] = np.linspace(0, 0.2, 24)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    config = PruneConfig(selector="firsts", options={"count": 2}, duplicate_score=0, min_cluster_size=5)
    assert "firsts" in registry.names()
    assert choose(matrix, np.zeros(24, np.int64), config).selected.sum() == 4
    with pytest.raises(UsageError, match="selector 'firsts' has no option 'many'"):
        PruneConfig(selector="firsts", options={"many": 2})


def test_who_has_a_setting(firsts: None) -> None:
    assert registry.settings_of("jsd") == {"t", "bins"}
    assert registry.having("compat") == ["kcenter"]
    assert registry.having("count") == ["firsts"]


def test_settings_reach_only_those_that_know_them() -> None:
    assert registry.build("facility", {"eps": 0.2, "t": 0.9}, {}) == registry.selector_class("facility")(eps=0.2)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="'facility' has no option 't'"):
        registry.build("facility", {}, {"t": 0.9})
