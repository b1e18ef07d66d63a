"""check and repair on the command line: what they print, and what they end with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import lance
import pytest
from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import EXIT_BAD_FILES, Damaged, NotFound
from echodex.store.activity import FOLDER as ACTIVITY


def run(library: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--quiet", "--store", str(library), *arguments], standalone_mode=False)


def damage(store: Store) -> str:
    """Change a row behind the store's back; return its clip."""
    clip: str = store.clips(["clip_id"]).column(0)[0].as_py()
    lance.dataset(str(store.path / "clips.lance")).update({"title": "'changed'"}, f"clip_id = '{clip}'")
    return clip


def test_a_sound_store_is_said_to_be_so(kinds: Store) -> None:
    for arguments in (["check"], ["check", "--data"], ["check", "--data", "--sample", "5%"], ["repair", "--dry-run"]):
        result = run(kinds.path, *arguments)
        assert not result.return_value
        assert "is sound" in result.stdout or "would mend 0, 0 left" in result.stdout


def test_damage_ends_with_5_until_it_is_mended(kinds: Store) -> None:
    clip = damage(kinds)
    assert not run(kinds.path, "check").return_value  # the structure is as it was
    found = run(kinds.path, "check", "--data", "--json")
    assert found.return_value == Damaged.exit_code
    told = json.loads(found.stdout)
    assert told["damaged"]
    assert [(one["kind"], one["where"]) for one in told["findings"]] == [("row-changed", "clips")]
    assert clip in told["findings"][0]["what"]
    would = json.loads(run(kinds.path, "repair", "--dry-run", "--json").stdout)
    assert [one["finding"]["kind"] for one in would["mended"]] == ["row-changed"]
    assert kinds.tables.count("clips") == 72
    mended = run(kinds.path, "repair")
    assert not mended.return_value
    assert "quarantine" in mended.stdout
    assert not run(kinds.path, "check", "--data").return_value
    assert kinds.tables.count("clips") == 71


def test_what_is_merely_left_over_ends_with_0(kinds: Store) -> None:
    torn = kinds.path / ".echodex.json.abcdefgh.tmp"
    torn.write_bytes(b"{")
    assert "is sound" in run(kinds.path, "check").stdout  # who knows whether it is not being written
    os.utime(torn, (0, 0))
    result = run(kinds.path, "check")
    assert not result.return_value
    assert "torn-file" in result.stdout
    assert "0 damaged, 1 merely stale or left over" in result.stdout


@pytest.mark.parametrize("share", ["0", "0%", "101%", "-1", "half"])
def test_a_share_that_is_none_is_refused(kinds: Store, share: str) -> None:
    result = CliRunner().invoke(cli, ["--store", str(kinds.path), "check", "--sample", share])
    assert result.exit_code == 2
    assert "is no share" in result.output


def test_a_store_without_its_marker_can_be_repaired(kinds: Store) -> None:
    (kinds.path / "echodex.json").unlink()
    assert run(kinds.path, "check").return_value == Damaged.exit_code
    assert not run(kinds.path, "repair").return_value
    assert Store.open(kinds.path, create=False).tables.count("clips") == 72


def test_a_store_of_a_newer_format_is_left_alone(kinds: Store) -> None:
    newer = json.dumps({"format": "echodex", "version": 99})
    (kinds.path / "echodex.json").write_text(newer)
    assert run(kinds.path, "check").return_value == Damaged.exit_code
    assert isinstance(run(kinds.path, "repair").exception, Damaged)
    assert (kinds.path / "echodex.json").read_text() == newer


def test_source_files_that_are_gone_are_no_damage_of_the_store(new_store: Callable[..., Store]) -> None:
    """A folder that moved is not 72 lines of damage: 20 are shown, and a count."""
    store = new_store([["low"]] * 72)
    paths = [Path(source.path) for source in store.sources(store.clips(["clip_id"]).column(0).to_pylist())]
    for path in paths[1:]:
        path.unlink()
    os.utime(paths[0], (1_000_000_000, 1_000_000_000))
    result = run(store.path, "check", "--sources")
    assert result.return_value == EXIT_BAD_FILES
    lines = result.stdout.splitlines()
    assert sum(line.startswith("source-missing") for line in lines) == 20
    assert "... and 51 more source-missing (--json lists all)" in lines
    assert lines[-2] == f"{store.path} is sound"
    assert lines[-1].startswith("71 source files are missing, 1 source files are not what was added; put them back")
    told = json.loads(run(store.path, "check", "--sources", "--json").stdout)
    assert (told["damaged"], len(told["findings"])) == (False, 72)
    assert not run(store.path, "check").return_value
    damage(store)
    assert run(store.path, "check", "--data", "--sources").return_value == Damaged.exit_code


def test_what_is_no_store_is_not_found(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path, "check").exception, NotFound)


def test_repair_waits_for_nobody(kinds: Store) -> None:
    """Another process at work may be about to name what looks left over."""
    told = {"verb": "add", "stage": "add", "done": 1, "total": 2, "left_s": None, "pid": 1, "host": "elsewhere"}
    times = {"started_at": "2100-01-01T00:00:00+00:00", "updated_at": "2100-01-01T00:00:00+00:00", "process": "1"}
    (kinds.path / ACTIVITY).mkdir(exist_ok=True)
    (kinds.path / ACTIVITY / "1-abcdefgh.json").write_text(json.dumps(told | times))
    result = run(kinds.path, "repair")
    assert result.exception is not None
    assert "is at work on" in str(result.exception)
