"""From HDF5 files over a store to the report, in Python and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import NotFound
from echodex.evaluation.cliques.evaluate import evaluate_cliques
from tests.store.features.miniature import datacos


@pytest.fixture
def study(store: Store, tmp_path: Path) -> Store:
    """Ten works whose tempo tells them apart, among them three singletons; and one of another split."""
    datacos(tmp_path / "bench", {f"W_{n}": 3 for n in range(7)} | {f"W_{n}": 1 for n in range(7, 10)})
    datacos(tmp_path / "cover", {"W_20": 2, "W_21": 2}, seed=1, transposed=True)
    store.add_features("datacos", tmp_path / "bench", split="valid")
    store.add_features("datacos", tmp_path / "cover", split="train")
    return store


def test_works_apart_in_tempo_are_told(study: Store) -> None:
    report = evaluate_cliques(study, where="split = 'valid'")
    assert (report.clips, report.works, report.singletons, report.unnamed) == (24, 10, 3, 0)
    features = study.vectors("datacos", normalise=False, where="work = 'W_3'").matrix.astype(np.float64)
    assert len(features) == 3
    assert report.auc is not None
    assert report.auc > 0.8
    assert report.inside_mean is not None
    assert report.inside_mean < report.outside_mean


def test_one_scale_takes_the_lead_from_the_tempo(study: Store) -> None:
    raw, scaled = (evaluate_cliques(study, standardise=flag) for flag in (False, True))
    assert raw.works == scaled.works == 12
    assert scaled.auc is not None
    assert raw.auc is not None
    assert scaled.auc < raw.auc  # the other 51 features are noise here
    assert scaled.standardised


def test_without_works_it_says_what_to_add(kinds_store: Store) -> None:
    with pytest.raises(NotFound, match="has a work; run"):
        evaluate_cliques(kinds_store)


def test_a_filter_that_selects_nothing_is_named(study: Store) -> None:
    with pytest.raises(NotFound, match="no clip that is asked for has a vector in 'datacos'"):
        evaluate_cliques(study, where="split = 'vaild'")


def test_from_the_command_line(study: Store, tmp_path: Path) -> None:
    words = ["--store", str(study.path), "--quiet", "evaluate", "cliques", "--where", "split = 'valid'"]
    done = CliRunner().invoke(cli, [*words, "--plot", str(tmp_path / "c.png"), "--json", "--seed", "3"])
    found = json.loads(done.stdout)
    assert (found["works"], found["singletons"], found["seed"], len(found["edges"])) == (10, 3, 3, 41)
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"
    shown = CliRunner().invoke(cli, words).stdout.splitlines()
    assert shown[0] == "datacos: 24 clips of 10 works, 3 of one clip"
    assert [line.split("  ")[0] for line in shown[2:]] == [
        "mean distance within works",
        "mean distance to others",
        "AUC",
        "overlap",
        "works nearer to themselves",
    ]
