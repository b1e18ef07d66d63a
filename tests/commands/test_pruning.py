from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.commands.pruning import COMPAT, prune
from echodex.errors import UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.selectors import registry
from echodex.pruning.selectors.base import Selection
from echodex.pruning.selectors.fork import READINGS
from echodex.schemas.vector import Float32


def test_the_help_names_what_is_registered() -> None:
    assert f"SELECTOR is {', '.join(registry.names())}, or another" in " ".join((prune.help or "").split())
    assert COMPAT == READINGS


def test_the_command_has_every_setting() -> None:
    named = {(parameter.name or "").removeprefix("no_") for parameter in prune.params}
    assert {field.name for field in fields(PruneConfig)} <= named


def test_help_loads_nothing_heavy() -> None:
    heavy = ("numpy", "pyarrow", "torch", "lancedb", "faiss", "sklearn", "hdbscan", "omegaconf")
    code = f"""
import sys
from echodex.cli import cli
cli.main(["prune", "--help"], standalone_mode=False)
print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


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


@pytest.mark.parametrize(("keep", "kept"), [("0.5", 36), ("1", 1), ("1.0", 72), ("7", 7)])
def test_a_budget_is_a_share_or_a_count(
    pruned: Callable[..., dict[str, object]], kinds: Store, keep: str, kept: int
) -> None:
    pruned("random", "--keep", keep)
    assert kinds.view("lean").kept == kept


@pytest.mark.parametrize("keep", ["half", "1.5", "0", "-1", "nan"])
def test_what_is_no_budget(kinds: Store, keep: str) -> None:
    done = CliRunner().invoke(cli, ["--store", str(kinds.path), "prune", "random", "--keep", keep, "--dry-run"])
    assert done.exit_code != 0
    assert "a share" in done.output + str(done.exception)


def test_a_selector_stands_before_the_sweep(kinds: Store) -> None:
    done = CliRunner().invoke(cli, ["--store", str(kinds.path), "prune", "--sweep", "random"])
    assert "the selector goes before it" in str(done.exception)


def test_the_baseline_is_swept_without_a_budget(kinds: Store) -> None:
    done = CliRunner().invoke(cli, ["--store", str(kinds.path), "prune", "random", "--json", "--sweep", "0.25,1"])
    assert [point["kept"] for point in json.loads(done.stdout)["sweep"]] == [18, 72]
    assert kinds.views() == []


def test_settings_of_a_selector_alone(pruned: Callable[..., dict[str, object]]) -> None:
    assert pruned("jsd", "--t", "0.3", "--set", "bins=64")["config"]["options"] == {"bins": 64}  # type: ignore[index]
    assert pruned("kcenter", "--compat", "farthest")["config"]["compat"] == "farthest"  # type: ignore[index]


def test_a_selector_of_ones_own_is_named_like_any_other(
    pruned: Callable[..., dict[str, object]], kinds: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.SELECTORS, "classes", dict(registry.SELECTORS.classes))

    @registry.register("lasts")
    @dataclass(frozen=True)
    class Lasts:
        name: ClassVar[str]
        needs_keep: ClassVar[bool] = False
        count: int = 1

        def select(self, vectors: Float32, rng: np.random.Generator, weights: Float32 | None = None) -> Selection:
            m = len(vectors)
            return Selection(np.arange(m)[::-1], np.zeros(m, np.float32), min(self.count, m))

    words = ("--algorithm", "kmeans", "--clusters", "3", "--duplicate-score", "0")
    assert pruned("lasts", "--set", "count=2", *words)["config"]["selector"] == "lasts"  # type: ignore[index]
    assert kinds.view("lean").kept == 6


def test_works(pruned: Callable[..., dict[str, object]], kinds: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no clip that is pruned says of which work it is"):
        pruned("--versions", "keep")
    paths = [uris[0] for uris in kinds.clips(["uris"]).column(0).to_pylist()]
    (tmp_path / "works.csv").write_text(
        "\n".join(["path,work", *(f"{path},{at // 2}" for at, path in enumerate(paths))])
    )
    kinds.add(labels=tmp_path / "works.csv")
    recipe = pruned("--versions", "keep", "--verify", "audio")
    assert {"versions", "verify"} <= dict(recipe["config"]).keys()  # type: ignore[call-overload]
    pruned("--versions", "one-per-work")
    assert kinds.view("lean").kept == len(paths) / 2
    with pytest.raises(UsageError, match="it goes with versions='keep'"):
        pruned("--versions", "one-per-work", "--verify", "audio")
