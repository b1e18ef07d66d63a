"""Options that would change nothing are refused in one sentence, and nothing is saved."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import NotFound, UsageError


@pytest.fixture
def run(kinds: Store) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(cli, ["--store", str(kinds.path), *words])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("jsd", "--eps", "0.01"), "--eps goes with facility, kcenter, semdedup, not with jsd"),
        (("random", "--keep", "5", "--eps", "0.01"), "--eps goes with"),
        (("facility", "--t", "0.1"), "--t goes with jsd, not with facility"),
        (("--compat", "farthest"), "--compat goes with kcenter, not with facility"),
        (("--eps", "0.1", "--keep", "0.5"), "--keep is a budget in place of --eps"),
        (("jsd", "--t", "0.1", "--keep", "0.5"), "--keep is a budget in place of --t"),
        (("random",), "random has no stop of its own; give a budget with --keep"),
        (("--duplicate-score", "0", "--match", "best-pair"), "--duplicate-score 0 looks for none"),
        (("--algorithm", "kmeans", "--clusters", "5", "--epsilon", "0.4"), "--epsilon is a setting of HDBSCAN"),
        (("--algorithm", "kmeans", "--clusters", "5", "--approximate"), "--approximate is a setting of HDBSCAN"),
        (("--algorithm", "kmeans", "--clusters", "5", "--noise", "prune"), "--noise is a setting of HDBSCAN"),
        (("--set", "bins=64"), "selector 'facility' has no option 'bins'"),
        (("jsd", "--set", "t=0.1"), "t is a setting of its own"),
        (("--sweep", "0.5", "--keep", "0.5"), "leave it out, or say --as NAME"),
    ],
)
def test_what_a_plan_would_pass_over(
    run: Callable[..., Result], kinds: Store, words: tuple[str, ...], says: str
) -> None:
    done = run("prune", *words, *(() if "--sweep" in words else ("--as", "lean")))
    assert isinstance(done.exception, UsageError), done.output
    assert says in str(done.exception)
    assert kinds.views() == []


@pytest.mark.parametrize("option", [("--min-samples", "3"), ("--method", "leaf"), ("--approximate",)])
def test_what_k_means_would_pass_over(run: Callable[..., Result], kinds: Store, option: tuple[str, ...]) -> None:
    done = run("cluster", "--algorithm", "kmeans", "--clusters", "5", *option)
    assert f"{option[0]} is a setting of HDBSCAN" in str(done.exception)
    assert kinds.cluster_runs() == []


def test_a_selector_that_does_not_exist(run: Callable[..., Result]) -> None:
    done = run("prune", "faclity", "--dry-run")
    assert isinstance(done.exception, NotFound)
    assert "did you mean 'facility'" in str(done.exception)
