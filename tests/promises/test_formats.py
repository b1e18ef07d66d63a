"""Stores of every format that was released open, answer what they answered, and are brought up to the newest; a store
of a newer format is refused by its version. Killed on the way, the next to open it goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from harness import golden
from harness.faults import KILLED, Shim
from harness.promise import Promise

from echodex.api import Store, open_damaged
from echodex.cli import cli
from echodex.errors import Damaged, StorageError
from echodex.schemas.format import FORMAT_VERSION, MARKER
from echodex.store.tables import Tables

VERSIONS = sorted(int(path.name.removesuffix(".tar.gz")[1:]) for path in golden.STORES.glob("v*.tar.gz"))

WORKER = """
import json, shutil, sys
from pathlib import Path
from harness import faults, golden
import echodex.explorer.layout, echodex.indexing.search, faiss, lance, lancedb
from echodex.api import Store, open_damaged
from echodex.cli import cli
from echodex.store.migrating import migrate

old, folder, points = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
store = folder / "store"

def undisturbed():
    faults.arm(store)
    migrate(store)
    (folder / "count").write_text(str(faults.disarm()))

def killed(at):
    faults.arm(store, at)
    migrate(store)

def opened():
    (folder / "answers").write_text(json.dumps(golden.answers(Store.open(store))))

def fresh():
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(old, store)

fresh()
assert faults.in_child(undisturbed) == 0
count = int((folder / "count").read_text())
asked = sorted({1 + place * (count - 1) // max(points - 1, 1) for place in range(min(points, count))})
for at in asked:
    fresh()
    code = faults.in_child(lambda: killed(at))
    marker = (store / "echodex.json").read_text()
    (folder / "answers").unlink(missing_ok=True)
    opens = faults.in_child(opened)
    said = json.loads((folder / "answers").read_text()) if opens == 0 else {}
    print(json.dumps({"at": at, "of": count, "code": code, "marker": marker, "opens": opens, "said": said}), flush=True)
"""


def promised(version: int) -> dict[str, Any]:
    """What the golden store of a version must answer."""
    found: dict[str, Any] = json.loads((golden.STORES / f"v{version}.json").read_text())
    return found


def versions_of(store: Store) -> dict[str, int]:
    return {name: store.tables.version(name) for name in store.tables.names()}


def marked(folder: Path, version: int) -> Path:
    (folder / MARKER).write_text(json.dumps({"format": "echodex", "version": version}))
    return folder


@pytest.mark.promise("P23")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_each_released_format_answers_as_it_did(promise: Promise, version: int, tmp_path: Path) -> None:
    folder = golden.unpack(version, tmp_path)
    store = Store.open(folder)
    said = json.loads(json.dumps(golden.answers(store)))
    for name, expected in promised(version).items():
        promise.trial(said[name] == expected, f"{name} of the store of version {version} are others")
    promise.trial(json.loads((folder / MARKER).read_text())["version"] == FORMAT_VERSION, "it is not brought up")
    promise.trial(store.check(data=True).findings == (), "check finds something wrong with it")
    before = versions_of(store)
    again = Store.open(marked(folder, version))
    promise.trial(versions_of(again) == before, "to bring it up again writes something")


@pytest.mark.promise("P23")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_an_old_format_is_repaired_as_well(promise: Promise, version: int, tmp_path: Path) -> None:
    folder = golden.unpack(version, tmp_path)
    (folder / MARKER).write_bytes(b"\0")
    with pytest.raises(Damaged):
        Store.open(folder)
    open_damaged(folder).repair()
    store = Store.open(folder)
    promise.trial(store.check(data=True).findings == (), "check finds something wrong with it")
    said = json.loads(json.dumps(golden.answers(store)))
    for name, expected in promised(version).items():
        promise.trial(said[name] == expected, f"{name} of the store of version {version} are others")


@pytest.mark.promise("P23")
def test_a_store_of_a_newer_format_is_refused_by_its_version(promise: Promise, store: Store) -> None:
    for version in (FORMAT_VERSION + 1, FORMAT_VERSION + 40, 10**30):
        marked(store.path, version)
        with pytest.raises(Damaged) as refused:
            Store.open(store.path)
        promise.trial(f"version {version}" in str(refused.value), f"{version} is not named: {refused.value}")
    status = [sys.executable, "-m", "echodex.cli", "--store", str(store.path), "status"]
    done = subprocess.run(status, capture_output=True, text=True, check=False)
    promise.trial((done.returncode, done.stdout) == (5, ""), f"the command line ends with {done.returncode}")
    promise.trial(str(version) in done.stderr, f"the command line says {done.stderr}")


def test_the_command_line_says_once_that_a_store_was_brought_up(tmp_path: Path) -> None:
    folder = golden.unpack(1, tmp_path)
    status = ["--quiet", "--store", str(folder), "status"]
    said = [CliRunner().invoke(cli, status).stderr for _ in range(2)]
    assert said == [f"{folder} was of format version 1, it is of {FORMAT_VERSION} now\n", ""]


@pytest.mark.promise("P23")
def test_killed_while_it_is_brought_up_it_is_gone_on_with(promise: Promise, shim: Shim, tmp_path: Path) -> None:
    points = promise.size(fast=3, full=60)
    for version in (number for number in VERSIONS if number < FORMAT_VERSION):
        old = golden.unpack(version, tmp_path)
        done = shim.run(WORKER, old, tmp_path, points)
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            found = json.loads(line)
            at = f"of version {version}, killed at operation {found['at']} of {found['of']}"
            promise.trial(found["code"] == KILLED, f"{at}: it ended with {found['code']}")
            promise.trial(found["said"] == promised(version), f"{at}: what it answers then is not the same")
        promise.figure(f"operations_from_version_{version}", found["of"])
        shutil.rmtree(old)


def test_a_store_that_may_not_be_written_to_is_not_brought_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = golden.unpack(VERSIONS[0], tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(StorageError, match=f"version 1 and cannot be written to.*version {FORMAT_VERSION}"):
        Store.open(folder)
    assert json.loads((folder / MARKER).read_text())["version"] == 1


def test_what_is_damaged_before_is_not_made_sound_by_bringing_it_up(tmp_path: Path) -> None:
    import lance

    folder = golden.unpack(1, tmp_path)
    lance.dataset(str(folder / "view__lean__v1.lance")).delete("kept")
    shutil.rmtree(folder / "view__some__v1.lance")
    store = Store.open(folder)
    for name in ("lean@1", "some@1"):
        with pytest.raises(Damaged, match=name):
            store.view_rows(store.view(name))
    assert len(store.view_rows(store.view("lean@2"))) == promised(1)["views"]["lean@2"]["clips"]


def test_what_an_interrupted_embedding_measured_is_measured_again(tmp_path: Path) -> None:
    folder = golden.unpack(1, tmp_path)
    Tables(folder).create("stage_timbre-00000000", pa.schema([pa.field("clip_id", pa.string(), nullable=False)]))
    assert not [name for name in Store.open(folder).tables.names() if name.startswith("stage_")]
