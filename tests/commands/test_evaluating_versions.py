from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import echodex
from echodex.api import Store
from echodex.cli import cli
from echodex.errors import UsageError
from echodex.schemas.clip import Source

RATE_HZ = 8000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four works in two renditions, in four segments of a quarter of a second, and a clip of no work."""
    folder = tmp_path_factory.mktemp("versions")
    sources = []
    for number in range(9):
        random = np.random.default_rng(number)
        notes = np.random.default_rng(number // 2).uniform(200, 3500, 4)
        samples = 0.3 * np.sin(2 * np.pi * np.cumsum(np.repeat(notes, RATE_HZ // 4)) / RATE_HZ)
        path = folder / f"{number}.wav"
        soundfile.write(path, samples + 0.02 * random.standard_normal(len(samples)), RATE_HZ)
        fields = (("work", f"w{number // 2}"), ("rendition", ("orig", "cover")[number % 2]))
        sources.append(Source(str(path), fields=fields if number < 8 else ()))
    store = Store.open(folder / "library")
    store.add_sources(sources)
    store.embed("dummy", settings={"window_s": 0.25})
    return folder / "library"


def run(library: Path, *words: str) -> str:
    arguments = ["--store", str(library), "--quiet", "evaluate", "versions", *words]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_as_a_table_as_json_as_files_and_as_a_picture(library: Path, tmp_path: Path) -> None:
    asked = ["--queries", "rendition = 'orig'", "--lengths", "1 2 all"]
    lines = run(library, *asked, "--plot", str(tmp_path / "v.png"), "--out", str(tmp_path / "out")).splitlines()
    assert "4 queries against 9 clips" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["segments", "1", "2", "all"]
    assert float(lines[-1].split()[1]) == 1.0
    assert (tmp_path / "v.png").read_bytes().startswith(b"\x89PNG")
    report = json.loads(run(library, *asked, "--json"))
    assert report["chosen"] == {
        "by": "work",
        "track": None,
        "queries": "rendition = 'orig'",
        "unseen": False,
        "view": None,
        "where": None,
    }
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert [row["length"] for row in report["rows"]] == [1, 2, 0]
    with (tmp_path / "out" / "queries.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 4
    mean = np.mean([float(row["average_precision"]) for row in rows if row["segments"] == "1"])
    assert report["rows"][0]["map"]["mean"] == pytest.approx(mean, abs=1e-5)


def test_shingles_and_reductions(library: Path) -> None:
    words = ["--qslen", "0", "--cshop", "0.5", "--maxlen", "1", "--redux", "min", "--json"]
    report = json.loads(run(library, *words))
    assert (report["redux"], report["queries"], report["without"]) == ("min", 8, 1)
    assert report["query"] == {"length_s": 0.0, "hop_s": None, "max_s": 1.0}
    assert report["candidate"] == {"length_s": None, "hop_s": 0.5, "max_s": 1.0}
    with pytest.raises(UsageError, match="no multiple"):
        run(library, "--qshop", "0.3")


def test_lengths_that_are_none(library: Path) -> None:
    with pytest.raises(UsageError, match="--lengths"):
        run(library, "--lengths", "one")


def test_in_python(library: Path) -> None:
    report = echodex.evaluate_versions(store=Store.open(library), queries="rendition = 'cover'", redux="meanmin")
    assert (report.queries, report.rows[0].map.mean) == (4, 1.0)


def test_unseen_works_of_what_was_not_trained_here(library: Path) -> None:
    with pytest.raises(UsageError, match=r"no training of .* made the encoder"):
        run(library, "--unseen")
