from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import UsageError
from echodex.training.config import ProbeConfig
from echodex.training.probe import train_probe


def run(store: Store, *arguments: str) -> str:
    done = CliRunner().invoke(
        cli, ["--store", str(store.path), "evaluate", "pruning", *arguments], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.slow
def test_methods_as_json_text_and_picture(kinds: Store, tmp_path: Path) -> None:
    asked = ["--methods", "facility,uniform", "--keep", "0.5", "--repeats", "2", "--inject", "0.5"]
    asked += ["--eps", "0.2", "--min-cluster-size", "4", "--min-samples", "3"]
    report = json.loads(run(kinds, *asked, "--json", "--plot", str(tmp_path / "methods.png")))
    assert [found["method"] for found in report["outcomes"]] == ["facility", "uniform", "random"]
    assert report["planted"] == [round(count / 2) for count in report["train_clips"]]
    assert (tmp_path / "methods.png").read_bytes().startswith(b"\x89PNG")
    [described] = [json.loads(path.read_text())["config"]["prune"] for path in kinds.path.glob("runs/*/run.json")]
    assert (described["eps"], described["min_cluster_size"], described["min_samples"]) == (0.2, 4, 3)
    text = run(kinds, *asked)
    assert report["verdict"] in text
    assert "duplicates left" in text


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--view", "lean", "--methods", "jsd"],
        ["--view", "lean", "--keep", "0.5"],
        ["--methods", "jsd", "--against", "uniform"],
        ["--methods", "jsd", "--keep", "half"],
        ["--methods", "jsd,random", "--eps", "0.1"],
        ["--methods", "facility", "--t", "0.1"],
        ["--view", "lean", "--min-samples", "3"],
        ["--methods", "jsd", "--keep", "1.5"],
    ],
)
def test_options_that_do_not_go_together(kinds: Store, wrong: list[str]) -> None:
    with pytest.raises(UsageError):
        run(kinds, *wrong)


def evaluate_tags(store: Store, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["--store", str(store.path), "evaluate", "tags", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_run_with_its_tags_and_intervals(kinds: Store) -> None:
    name = train_probe(kinds, config=ProbeConfig(max_epochs=10, learning_rate=0.02)).name
    text = evaluate_tags(kinds, name, "--per-tag", "--bootstrap", "100")
    assert text.splitlines()[0].split() == ["metric", "value", "low", "high"]
    assert "noise" in text
    report = json.loads(evaluate_tags(kinds, name, "--json"))
    assert (report["run"], report["clips"], report["bounds"]) == (name, 12, {})
    assert [tag["name"] for tag in report["tags"]] == ["high", "low", "noise"]
    assert "noise" not in evaluate_tags(kinds, name)


def test_views_against_each_other(kinds: Store) -> None:
    kinds.prune("random", keep=0.5, seed=1).save("half")
    asked = ["--view", "half", "--baseline", "all", "--repeats", "2", "--set", "max_epochs=3"]
    report = json.loads(evaluate_tags(kinds, *asked, "--json"))
    assert [arm["name"] for arm in report["arms"]] == ["half@1", "all"]
    assert "half@1 - all: Accuracy" in evaluate_tags(kinds, *asked)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--view", "lean"],
        ["probe-1", "--baseline", "all"],
        ["probe-1", "--repeats", "3"],
        ["probe-1", "--seed", "3"],
        ["--view", "lean", "--baseline", "all", "--per-tag"],
    ],
)
def test_options_of_tags_that_do_not_go_together(kinds: Store, wrong: list[str]) -> None:
    with pytest.raises(UsageError):
        evaluate_tags(kinds, *wrong)
