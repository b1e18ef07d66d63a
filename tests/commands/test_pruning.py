from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields

import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.commands.pruning import SELECTORS, prune
from echodex.errors import UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.selectors import registry


def test_the_command_offers_what_is_registered() -> None:
    assert list(SELECTORS) == registry.names()


def test_the_command_has_every_setting_but_the_options_of_a_selector() -> None:
    settings = {field.name for field in fields(PruneConfig)} - {"options"}
    assert settings <= {parameter.name for parameter in prune.params}


@pytest.fixture
def pruned(kinds: Store) -> Callable[..., dict[str, object]]:
    def invoke(*words: str) -> dict[str, object]:
        done = CliRunner().invoke(cli, ["--store", str(kinds.path), "prune", *words, "--as", "lean", "--json"])
        if done.exception:
            raise done.exception
        return dict(json.loads(done.stdout)["view"]["recipe"])

    return invoke


def test_k_means_clusters_for_a_selector(pruned: Callable[..., dict[str, object]], kinds: Store) -> None:
    recipe = pruned("--algorithm", "kmeans", "--clusters", "4", "--seed", "3")
    assert recipe["clustering"] == "k-means faiss, spherical, k=4"
    assert set(kinds.view("lean").rows().column("cluster").to_pylist()) - {-2} == {0, 1, 2, 3}
    with pytest.raises(UsageError, match="number of clusters with kmeans"):
        pruned("--clusters", "4")


def test_clips_are_pinned_by_id_by_path_and_by_filter(pruned: Callable[..., dict[str, object]], kinds: Store) -> None:
    clips = kinds.clips(["clip_id", "uris"]).to_pylist()
    one, two, three = clips[3]["clip_id"], clips[7], clips[11]["clip_id"]
    pruned("--pin", one, "--pin", two["uris"][0], "--pin-where", f"clip_id = '{three}'", "--keep", "3")
    rows = kinds.view("lean").rows().to_pylist()
    assert {row["clip_id"] for row in rows if row["reason"] == "pinned"} == {one, two["clip_id"], three}
    assert sum(row["kept"] for row in rows) == 3
