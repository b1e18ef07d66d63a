from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from echodex.errors import NotFound, UsageError
from echodex.pruning.clustering.config import ClusterConfig
from echodex.pruning.config import PruneConfig, budget, config_of


@pytest.mark.parametrize(
    ("keep", "clips", "kept"), [(0.5, 10, 5), (1.0, 10, 10), (0.001, 10, 1), (1, 10, 1), (7, 10, 7), (70, 10, 10)]
)
def test_a_share_is_a_float_and_a_count_an_int(keep: float, clips: int, kept: int) -> None:
    assert budget(keep, clips) == kept


@pytest.mark.parametrize("keep", [0, 0.0, -1, 1.5, float("nan"), True])
def test_other_budgets_are_refused(keep: float) -> None:
    with pytest.raises(UsageError, match="keep is a share"):
        budget(keep, 10)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"selector": "random"}, "give a budget with keep"),
        ({"keep": 0.0}, "keep is a share"),
        ({"duplicate_score": 1.2}, "duplicate score"),
        ({"noise": "drop"}, "noise is one of"),
        ({"seed": -1}, "a seed is"),
        ({"prefer": "louder"}, "prefer is one of longer, quality, labelled"),
        ({"pin": "title = 'x'"}, "a filter goes to pin_where"),
        ({"min_per_label": -1}, "min_per_label is a count"),
        ({"leakage": "ignore"}, "leakage is one of"),
        ({"leakage": "error", "duplicate_score": 0.0}, "give a duplicate score above 0"),
        ({"method": "best"}, "cluster selection method"),
        ({"compat": "farthest", "selector": "random", "keep": 5}, "has no option 'compat'"),
        ({"eps": 3.0}, "eps is"),
        ({"options": {"eps": 0.1}}, "eps is a setting of its own"),
        ({"selector": "jsd", "t": 2.0}, "t runs from"),
    ],
)
def test_bad_settings_say_what_is_wrong(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        PruneConfig(**settings)


def test_an_unknown_selector_is_not_found() -> None:
    with pytest.raises(NotFound, match="selector 'best'"):
        PruneConfig(selector="best")


@pytest.mark.parametrize("pin", [("a", "b"), ()])
def test_a_recipe_reads_back(pin: tuple[str, ...]) -> None:
    config = PruneConfig(pin=pin, pin_where="title = 'x'", min_per_label=2, leakage="keep-test", approximate=True)
    assert config_of(json.loads(json.dumps(config.as_recipe()))) == config


def test_the_settings_of_the_clustering_are_settings_of_the_plan() -> None:
    config = PruneConfig(algorithm="kmeans", clusters=4, seed=3)
    with pytest.raises(UsageError, match="number of clusters with kmeans"):
        PruneConfig(clusters=4)
    assert {field.name for field in fields(ClusterConfig)} <= config.as_recipe().keys()


def test_recipes_of_the_first_views_read_back() -> None:
    recipe = {"selector": "jsd", "t": 0.2, "min_cluster_size": 7, "seed": 2, "options": {}}
    assert config_of(recipe) == PruneConfig(selector="jsd", t=0.2, min_cluster_size=7, seed=2)


def test_a_filter_of_pins_was_once_said_as_pin() -> None:
    assert config_of({"pin": "title = 'x'"}) == PruneConfig(pin_where="title = 'x'")
