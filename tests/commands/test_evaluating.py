from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import UsageError


def run(store: Store, *arguments: str) -> str:
    done = CliRunner().invoke(
        cli, ["--store", str(store.path), "evaluate", "pruning", *arguments], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.slow
def test_methods_as_json_text_and_picture(kinds: Store, tmp_path: Path) -> None:
    asked = ["--methods", "facility,uniform", "--keep", "0.5", "--repeats", "2", "--inject", "0.5"]
    report = json.loads(run(kinds, *asked, "--json", "--plot", str(tmp_path / "methods.png")))
    assert [found["method"] for found in report["outcomes"]] == ["facility", "uniform", "random"]
    assert report["planted"] == [round(count / 2) for count in report["train_clips"]]
    assert (tmp_path / "methods.png").read_bytes().startswith(b"\x89PNG")
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
        ["--methods", "jsd", "--keep", "1.5"],
    ],
)
def test_options_that_do_not_go_together(kinds: Store, wrong: list[str]) -> None:
    with pytest.raises(UsageError):
        run(kinds, *wrong)
