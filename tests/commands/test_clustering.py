from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from echodex.api import Store
from echodex.cli import cli
from echodex.commands import clustering as module
from echodex.errors import NotFound, UsageError
from echodex.pruning.clustering.runs import write_labels
from tests.store.features.miniature import datacos

PNG = b"\x89PNG"


@pytest.fixture
def run(kinds: Store) -> Callable[..., Result]:
    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--store", str(kinds.path), "cluster", *arguments], catch_exceptions=True)

    return invoke


def test_labels_are_kept_and_counted(run: Callable[..., Result], kinds: Store) -> None:
    shown = run("dummy", "--min-cluster-size", "5", "--method", "leaf").stdout
    kept = kinds.cluster(min_cluster_size=5, method="leaf")
    assert kept.run == 1
    assert f"{kept.space}, run 1: hdbscan, exact" in shown
    assert f"{kept.clusters} clusters of 72 clips, {kept.noise} of them noise" in shown
    assert json.loads(run("--min-cluster-size", "5", "--method", "leaf", "--json").stdout)["run"]["run"] == 1


def test_approximate_is_said_with_its_agreement(run: Callable[..., Result]) -> None:
    shown = run("--approximate", "--min-samples", "3", "--epsilon", "0.1", "--allow-single-cluster").stdout
    assert "hdbscan, approximate" in shown
    assert "agreement with exact on a sample, at the recall of the graph (ARI)" in shown


def test_labels_are_written_as_csv(run: Callable[..., Result], kinds: Store, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    assert run("--min-cluster-size", "5", "--labels", str(out)).exit_code == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = kinds.cluster_rows().to_pylist()
    assert [row["clip_id"] for row in rows] == [row["clip_id"] for row in kept]
    assert [int(row["cluster"]) for row in rows] == [row["label"] for row in kept]
    for name in ("probability", "outlier_score"):
        assert [float(row[name]) for row in rows] == pytest.approx([row[name] for row in kept], rel=1e-5)
    assert all(Path(row["path"]).is_file() for row in rows)
    kinds.remove([kept[0]["clip_id"]])
    write_labels(kinds, kinds.cluster_runs()[-1], out)
    assert out.read_text().splitlines()[1].startswith(f"{kept[0]['clip_id']},,")


def test_k_means_prints_what_it_cost(run: Callable[..., Result]) -> None:
    shown = run("--algorithm", "kmeans", "--clusters", "3").stdout
    assert "3 clusters of 72 clips, 0 of them noise (0.0%)" in shown
    assert "inertia" in shown
    assert "silhouette" in shown


def test_only_the_largest_clusters_are_listed(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOWN_CLUSTERS", 4)
    assert "the 4 largest of 9 clusters" in run("--algorithm", "kmeans", "--clusters", "9").stdout


def test_a_sweep_is_a_table_a_plot_and_nothing_kept(run: Callable[..., Result], kinds: Store, tmp_path: Path) -> None:
    out = tmp_path / "sweep.png"
    rows = json.loads(run("--algorithm", "kmeans", "--sweep", "2,3,5", "--plot", str(out), "--json").stdout)
    assert [row["clusters"] for row in rows] == [2, 3, 5]
    assert set(rows[0]) == {"clusters", "inertia", "silhouette", "pairs", "other_pairs"}
    assert out.read_bytes()[:4] == PNG
    assert "inertia" in run("--sweep", "2").stdout
    assert not kinds.tables.exists("clusters")


def test_without_numbers_a_sweep_takes_ten_steps_of_so_few(run: Callable[..., Result]) -> None:
    rows = json.loads(run("dummy", "--json", "--sweep").stdout)
    assert [row["clusters"] for row in rows] == [7, 14, 21, 28, 35, 42, 49, 56, 63, 70]


def test_a_sweep_of_features_counts_the_pieces_of_works(tmp_path: Path) -> None:
    """The study's: standardised, Euclidean, centres of one subset for both."""
    datacos(tmp_path / "cover", {f"W_{n}": 2 for n in range(20)}, seed=1, transposed=True)
    datacos(tmp_path / "bench", {f"W_{n}": 3 for n in range(40, 50)}, seed=2)
    store = Store.open(tmp_path / "library")
    store.add_features("datacos", tmp_path / "cover", split="train")
    store.add_features("datacos", tmp_path / "bench", split="valid")
    words = ["--store", str(store.path), "--quiet", "cluster", "datacos", "--algorithm", "kmeans", "--standardise"]
    swept = ["--sweep", "1:40:13", "--fit", "train"]
    done = CliRunner().invoke(cli, [*words, *swept, "--plot", str(tmp_path / "sweep.png"), "--json"])
    rows = json.loads(done.stdout)
    assert [row["clusters"] for row in rows] == [1, 14, 27, 40]
    assert (rows[0]["pairs"], rows[0]["other_pairs"]) == (20, 10)
    assert (rows[-1]["pairs"], rows[-1]["inertia"]) == (40, pytest.approx(0, abs=1e-2))
    assert 10 <= rows[-1]["other_pairs"] <= 30
    features = store.vectors("datacos", normalise=False, where="split = 'train'").matrix
    oracle = StandardScaler().fit_transform(features.astype(np.float64))
    assert rows[0]["inertia"] == pytest.approx((oracle**2).sum(), rel=1e-4)
    assert rows[1]["inertia"] < 1.05 * KMeans(14, n_init=10, random_state=0).fit(oracle).inertia_
    assert (tmp_path / "sweep.png").read_bytes()[:4] == PNG
    lines = CliRunner().invoke(cli, [*words, *swept]).stdout.splitlines()
    assert lines[0].split() == ["clusters", "inertia", "silhouette", "work-cluster", "pairs", "of", "others"]
    assert CliRunner().invoke(cli, [*words, "--sweep", "2"]).stdout.splitlines()[0].endswith("work-cluster pairs")


def test_runs_are_listed_and_dropped(run: Callable[..., Result], kinds: Store) -> None:
    for samples in ("2", "3"):
        run("--min-samples", samples)
    assert [line.split()[0] for line in run("dummy", "--runs").stdout.splitlines()] == ["run", "1", "2"]
    assert [gone["run"] for gone in json.loads(run("--drop", "1", "--json").stdout)] == [1]
    assert [kept.run for kept in kinds.cluster_runs()] == [2]
    assert isinstance(run("--drop", "1").exception, NotFound)


@pytest.mark.parametrize("more", [(), ("--approximate",)])
def test_the_condensed_tree_is_drawn(run: Callable[..., Result], tmp_path: Path, more: tuple[str, ...]) -> None:
    out = tmp_path / "tree.png"
    assert run("--min-cluster-size", "5", "--plot", str(out), *more).exit_code == 0
    assert out.read_bytes()[:4] == PNG


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--sweep", "2,x"), "10,20,50"),
        (("--sweep", "0"), "10,20,50"),
        (("--sweep", "2:8"), "200:8000:200"),
        (("--sweep", "2:8:0"), "200:8000:200"),
        (("--sweep", "2", "--fit", "train"), "is of split 'train'"),
        (("--standardise",), "go with --sweep"),
        (("--sweep", "2", "--min-samples", "3"), "only --seed"),
        (("--sweep", "2", "--algorithm", "hdbscan"), "only --seed"),
        (("--runs", "--drop", "1"), "stand alone"),
        (("--drop", "1", "--sweep", "2"), "stand alone"),
        (("--runs", "--min-samples", "2"), "stand alone"),
        (("--runs", "--labels", "x.csv"), "stand alone"),
        (("--sweep", "2", "--labels", "x.csv"), "--sweep keeps none"),
        (("--sweep", "99"), "72 vectors cannot make 99 clusters"),
        (("--clusters", "3"), "only with kmeans"),
        (("--algorithm", "kmeans"), "number of clusters"),
        (("--algorithm", "kmeans", "--clusters", "3", "--plot", "x.png"), "plot a sweep"),
        (("--min-cluster-size", "99", "--plot", "x.png"), "too few for a tree"),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Callable[..., Result], arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)
