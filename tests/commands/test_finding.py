from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from numpy.typing import NDArray

from echodex.api import Store
from echodex.cli import cli
from echodex.commands.finding import CSV_COLUMNS

RATE = 8000


def melody(seed: int, seconds: float) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    pitches = np.repeat(random.uniform(100, 3500, int(4 * seconds)), RATE // 4)
    return np.asarray(0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / RATE) + 0.01 * random.standard_normal(len(pitches)))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finding")
    (folder / "audio").mkdir()
    for seed in range(20):
        soundfile.write(folder / "audio" / f"{seed}.wav", melody(seed, 12), RATE)
    mixed = np.concatenate([melody(100, 4), melody(3, 12)[2 * RATE : 9 * RATE]])
    soundfile.write(folder / "audio" / "mixed.wav", mixed, RATE)
    store = Store.open(folder / "library")
    store.add(folder / "audio")
    store.embed("dummy", settings={"window_s": 0.5, "bands": 32})
    return folder / "library"


def run(library: Path, *words: str) -> str:
    done = CliRunner().invoke(cli, ["--store", str(library), "--quiet", "duplicates", *words], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_what_two_clips_share_is_told(library: Path) -> None:
    lines = run(library, "--by", "segments").splitlines()
    assert lines[0].startswith("2 alike")
    assert {Path(lines[1]).name, Path(lines[2]).name} == {"3.wav", "mixed.wav"}
    assert lines[3].strip() in (
        "0:04.0-0:11.0 = 0:02.0-0:09.0 of the first",
        "0:02.0-0:09.0 = 0:04.0-0:11.0 of the first",
    )
    assert lines[4] == "1 groups, 1 duplicates beside their representatives"


def test_csv_and_json_say_the_same(library: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(library, "--by", "segments", "--csv"))))
    [group] = json.loads(run(library, "--by", "segments", "--json"))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["clip_id"] for row in rows] == [member["clip_id"] for member in group["members"]]
    [stretch] = group["members"][1]["stretches"]
    assert [float(rows[1][name]) for name in CSV_COLUMNS[6:10]] == pytest.approx(list(stretch.values())[:4])
    assert (rows[0]["start_s"], rows[0]["exact"], int(rows[1]["segments"])) == ("", "0", stretch["segments"])
    both = CliRunner().invoke(cli, ["--store", str(library), "duplicates", "--csv", "--json"])
    assert both.exit_code != 0
