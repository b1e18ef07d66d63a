from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.commands import clustering
from echodex.commands.showing import print_summary, print_sweep
from echodex.pruning.summary import ClusterSummary, Example, PlanSummary
from echodex.pruning.sweep import SweepPoint

Run = Callable[..., str]


@pytest.fixture
def run(kinds: Store) -> Run:
    def invoke(*words: str) -> str:
        done = CliRunner().invoke(cli, ["--store", str(kinds.path), *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return invoke


def summary(**changed: object) -> PlanSummary:
    """A made-up plan in figures."""
    example = Example("a", "a.wav", "redundant", "b", "b.wav", 0.9)
    figures: dict[str, object] = {
        "clips": 20, "kept": 12, "hours": 2.0, "hours_kept": 1.0, "pool_clips": 16, "pool_kept": 8, "split": "train",
        "clustering": "hdbscan, exact", "agreement": None, "duplicates_recall": 1.0, "reasons": {"selected": 8},
        "duplicate_groups": 3, "coverage": 0.9514, "clusters": (ClusterSummary(0, 16, 8, 0.95),), "leaks": (),
        "examples": (example,), "warnings": ("mind the gap",),
    }  # fmt: skip
    return PlanSummary(**{**figures, **changed})  # type: ignore[arg-type]


def test_the_first_lines_say_of_what_and_how(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary())
    assert capsys.readouterr().out.splitlines()[:5] == [
        "keeps 12 of 20 clips (60.0%), 1.00 of 2.00 h",
        "pruned: 16 clips of split train, 8 of them kept, coverage 0.951",
        "duplicates: 3 groups",
        "clusters: hdbscan, exact",
        "warning: mind the gap",
    ]
    said = run("prune", "--dry-run").splitlines()
    assert said[1].startswith("pruned: 72 clips, ")
    assert said[3] == "clusters: hdbscan, exact"


def test_what_is_approximate_says_so(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    said = run("prune", "--approximate", "--dry-run").splitlines()[3]
    assert said.startswith("clusters: hdbscan, approximate, graph of recall 1.0000; agreement with exact on a sample")
    told = json.loads(run("prune", "--approximate", "--dry-run", "--json"))["summary"]
    assert told["clustering"] == "hdbscan, approximate, graph of recall 1.0000"
    assert said.endswith(f"(ARI): {told['agreement']:.4f}")
    print_summary(summary(duplicates_recall=0.9991))
    assert "duplicates: 3 groups, found at a recall of 0.9991, as measured on a sample" in capsys.readouterr().out
    points = [SweepPoint(0.5, 5, 0.5, 1.0, 0.9, 2, 0.9991, None, 0.0)]
    print_sweep(points)
    assert "found at a recall of 0.9991" in capsys.readouterr().out


def test_only_the_largest_clusters_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = np.random.default_rng(0).permutation(60) + 1
    many = tuple(ClusterSummary(number, int(size), 1, 0.5) for number, size in enumerate(sizes, start=-1))
    print_summary(summary(clusters=many))
    lines = capsys.readouterr().out.splitlines()
    first = next(number for number, line in enumerate(lines) if line.split()[:2] == ["cluster", "size"]) + 1
    listed = [int(line.split()[1]) for line in lines[first : first + clustering.SHOWN_CLUSTERS]]
    assert listed == list(range(60, 10, -1))
    assert lines[first + clustering.SHOWN_CLUSTERS] == "the 50 largest of 60 clusters (--json lists all)"


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("redundant", "a.wav  is covered by  b.wav"),
        ("duplicate", "a.wav  is a duplicate of  b.wav"),
        ("leakage", "a.wav  is a duplicate, across splits, of  b.wav"),
    ],
)
def test_an_example_says_what_the_other_is_to_it(reason: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary(examples=(Example("a", "a.wav", reason, "b", "b.wav", 0.99),)))
    assert says in capsys.readouterr().out


def test_a_view_shows_its_settings_line_by_line(run: Run) -> None:
    run("prune", "--eps", "0.025", "--prefer", "longer", "--as", "lean")
    lines = [line.split() for line in run("views", "show", "lean").splitlines()]
    assert ["eps", "0.025"] in lines
    assert ["prefer", "longer"] in lines
    assert ["clustering", "hdbscan,", "exact"] in lines
    assert ["keep", "-"] in lines


def test_views_are_exported_and_deleted_in_json_too(run: Run, kinds: Store) -> None:
    run("prune", "random", "--keep", "0.5", "--as", "half")
    target = kinds.path.parent / "half.csv"
    told = json.loads(run("views", "export", "half", str(target), "--format", "csv", "--json"))
    assert (told["path"], told["format"], told["view"]["name"]) == (str(target), "csv", "half")
    assert target.is_file()
    assert [gone["version"] for gone in json.loads(run("views", "delete", "half", "--yes", "--json"))] == [1]
    assert kinds.views() == []
