"""`echodex export atlas` says what it wrote and how to open it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli


def test_it_says_how_to_open_the_file(kinds: Store, tmp_path: Path) -> None:
    out = tmp_path / "clips.parquet"
    words = ["--store", str(kinds.path), "--quiet", "export", "atlas", str(out), "--neighbours", "3"]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.stdout.splitlines() == [
        f"{out}: 72 clips",
        f"open it: embedding-atlas {out} --x x --y y --neighbors neighbors",
    ]
    done = CliRunner().invoke(cli, [*words, "--audio", "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)
    assert (found["clips"], found["audio"], found["method"]) == (72, 72, "pca")
    assert found["columns"] == pq.read_schema(out).names
