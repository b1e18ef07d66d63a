"""relocate: what it says, and its exit code where a file is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import NotFound


def run(store: Store, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--store", str(store.path), "-q", "relocate", *arguments])


@pytest.fixture
def folder(kinds: Store, tmp_path: Path) -> tuple[str, str]:
    """The old and the new folder of a store's files; one of the 72 is not there."""
    sources = kinds.sources(kinds.clips(["clip_id"]).column(0).to_pylist())
    new = tmp_path / "new"
    new.mkdir()
    for clip in sources[1:]:
        (new / Path(clip.path).name).hardlink_to(clip.path)
    return str(Path(sources[0].path).parent), str(new)


def test_it_counts_and_names_what_is_not_there(kinds: Store, folder: tuple[str, str]) -> None:
    dry = run(kinds, *folder, "--dry-run")
    assert dry.exit_code == 3
    assert dry.stdout.startswith(f"71 files of 71 clips would be at {folder[1]} now\n1 files are not ok:\n")
    told = json.loads(run(kinds, *folder, "--json", "--verify").stdout)
    assert (told["moved"], told["clips"], len(told["problems"])) == (71, 71, 1)
    assert told["problems"][0]["reason"] == "missing"
    moved = [clip.path for clip in kinds.sources(kinds.clips(["clip_id"]).column(0).to_pylist())]
    assert sum(path.startswith(folder[1]) for path in moved) == 71
    assert "0 files of 0 clips are at" in run(kinds, *folder).stdout


def test_a_folder_that_nothing_came_from_is_told(kinds: Store) -> None:
    assert isinstance(run(kinds, "/nowhere", "/elsewhere").exception, NotFound)
