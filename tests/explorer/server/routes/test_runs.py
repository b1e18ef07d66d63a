"""Runs and running work as the page gets them: from real trainings, damaged ones among them, and from real files."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest

from echodex.api import Store
from echodex.evaluation.tags import evaluate_tags
from echodex.schemas.run import Run
from echodex.store.activity import Reporter
from echodex.training.config import ProbeConfig
from echodex.training.probe import train_probe
from echodex.training.run import finish_run, run_folder, working_run

from ..conftest import Page

CONFIG = ProbeConfig(max_epochs=3, learning_rate=0.02)


def test_a_run_with_its_curve_and_a_table_for_each_view_and_split(kinds: Store, page: Page) -> None:
    assert page.get("runs") == {"runs": [], "damaged": []}
    kinds.prune("random", keep=0.5, min_cluster_size=5).save("lean")
    run = train_probe(kinds, view="lean", config=CONFIG)
    (line,) = page.get("runs")["runs"]
    assert (line["name"], line["view"], line["objective"]) == (run.name, "lean@1", "probe")
    assert (line["finished"], line["classes"], line["epochs"]) == (True, 3, 3)
    assert line["metrics"] == pytest.approx(run.metrics)

    one = page.get(f"runs/{run.name}")
    assert one["run"]["name"] == run.name
    assert one["config"] == one["run"]["config"] == json.loads(json.dumps(run.config))
    assert [entry["epoch"] for entry in one["log"]] == [0, 1, 2]
    assert (one["tags"], one["problems"]) == (None, [])

    found = evaluate_tags(kinds, run.name, resamples=100)
    evaluate_tags(kinds, run.name, split="valid")
    evaluate_tags(kinds, run.name, split="valid")
    of_test, of_valid = page.get(f"runs/{run.name}")["tags"]
    assert [(one["view"], one["split"]) for one in (of_test, of_valid)] == [("all", "test"), ("all", "valid")]
    assert of_test["metrics"] == pytest.approx(found.metrics)
    assert [row["tag"] for row in of_test["rows"]] == list(run.classes)
    assert [row["ROC-AUC"] for row in of_test["rows"]] == [tag.roc_auc for tag in found.tags]
    lows = [tag.roc_auc_bounds.low if tag.roc_auc_bounds else None for tag in found.tags]
    assert [row["ROC-AUC low"] for row in of_test["rows"]] == lows
    assert list(of_valid["rows"][0]) == ["tag", "positives", "ROC-AUC", "PR-AUC"]


def a_run(store: Store, name: str, *, finished: bool = True) -> Run:
    draft = Run(name, "probe", "all", "", "", {}, ("a", "b"), {}, "")
    with working_run(store, draft) as run:
        return finish_run(store, run, {"loss": 0.5}) if finished else run


def test_damaged_runs_hide_no_others(kinds: Store, page: Page) -> None:
    a_run(kinds, "good")
    a_run(kinds, "unfinished", finished=False)
    for name in ("torn", "odd"):
        a_run(kinds, name)
    (run_folder(kinds, "torn") / "run.json").write_text("{")
    (run_folder(kinds, "odd") / "run.json").write_text('{"name": "odd"}')
    (kinds.path / "runs" / "NOT A NAME").mkdir()
    (kinds.path / "runs" / "NOT A NAME" / "run.json").write_text("{}")
    told = page.get("runs")
    assert [(run["name"], run["finished"]) for run in told["runs"]] == [("good", True), ("unfinished", False)]
    assert [run["name"] for run in told["damaged"]] == ["NOT A NAME", "odd", "torn"]
    assert str(kinds.path) not in json.dumps(told)
    assert page.ask("runs/torn").status_code == 503
    assert page.ask("runs/none").status_code == 404
    assert page.ask("runs/NOT%20A%20NAME").status_code == 400
    assert page.ask("runs/..%2f..%2fechodex.json").status_code in (400, 404)


def test_damaged_figures_leave_the_rest_of_a_run(kinds: Store, page: Page) -> None:
    a_run(kinds, "good")
    folder = run_folder(kinds, "good")
    (folder / "metrics.jsonl").write_text('{"epoch": 0}\n{"epo\n{"epoch": 2}\n')
    (folder / "tags-test-all.json").write_text("{}")
    one = page.get("runs/good")
    assert (one["run"]["metrics"], one["log"], one["tags"]) == ({"loss": 0.5}, [], None)
    assert len(one["problems"]) == 2
    assert str(kinds.path) not in json.dumps(one)
    assert page.get("runs")["runs"][0]["epochs"] == 0


def test_figures_that_json_lacks_are_none(kinds: Store, page: Page) -> None:
    run = a_run(kinds, "good")
    path = run_folder(kinds, "good") / "run.json"
    fields = json.loads(path.read_text())
    del fields["checksum"]  # older files have none, and some of them such figures
    path.write_text(json.dumps({**fields, "metrics": {"loss": float("nan")}}))
    (line,) = page.get("runs")["runs"]
    assert line["metrics"] == {"loss": None}
    assert page.get(f"runs/{run.name}")["run"]["metrics"] == {"loss": None}


def test_what_others_do_is_told(kinds: Store, page: Page) -> None:
    assert page.get("activity") == {"running": []}
    with closing(Reporter(kinds.path, "train clmr")) as report:
        report("train", 3, 10)
        deadline_s = time.monotonic() + 30
        while not page.get("activity")["running"]:
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        (one,) = page.get("activity")["running"]
        assert (one["verb"], one["stage"], one["done"], one["total"]) == ("train clmr", "train", 3, 10)
        assert {"id", "started_at", "updated_at", "left_s", "pid"} <= one.keys()
    assert page.get("activity") == {"running": []}
