"""When a verb says that it is done, the disk has it: a power cut takes nothing back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness.bench import VERBS
from harness.faults import Shim
from harness.journal import WORKER, at_risk, changed
from harness.promise import Promise


@pytest.mark.promise("P26")
def test_files_and_folders_are_synced_before_the_verb_speaks(promise: Promise, shim: Shim, tmp_path: Path) -> None:
    done = shim.run(WORKER, tmp_path, *(VERBS if promise.full else ["add and embed", "remove"]))
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        promise.trial(*json.loads(line))


@pytest.mark.parametrize(
    ("journal", "lost"),
    [
        (["sync /s/.t", "rename /s/.t /s/f", "has /s/f", "sync /s"], set()),
        (["rename /s/.t /s/f", "sync /s/f", "has /s/f", "sync /s"], set()),
        (["rename /s/.t /s/f", "has /s/f", "sync /s", "sync /s/f"], set()),
        (["rename /s/.t /s/f", "has /s/f", "sync /s"], {"/s/f"}),  # not the file
        (["sync /s/.t", "rename /s/.t /s/f"], {"/s/f"}),  # not the folder
        (["sync /s/.t", "has /s/.t", "sync /s", "rename /s/.t /s/f"], {"/s/f"}),  # the folder before the name
        (["has /s/f", "sync /s/.t", "rename /s/.t /s/f", "sync /s"], {"/s/f"}),  # the name is of another file
        (["sync /s/.t", "write /s/.t", "rename /s/.t /s/f", "has /s/f", "sync /s"], {"/s/f"}),  # written after
        (["sync /s/.t", "rename /s/.t /s/f", "say", "has /s/f", "sync /s"], {"/s/f"}),  # too late
    ],
)
def test_what_the_order_of_operations_tells(journal: list[str], lost: set[str]) -> None:
    lines = ["\t".join([*line.split(), "", ""][:3]) for line in journal]
    assert at_risk("\n".join(lines), {"/s/f"}) == lost


def test_a_folder_has_to_be_known_in_the_one_above(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    made, synced = f"mkdir\t{folder}\t", f"has\t{folder}\t\nsync\t{tmp_path}\t"
    assert at_risk(f"{made}\n{synced}\n{made}", {str(folder)}) == set()
    assert at_risk(f"{synced}\n{made}", {str(folder)}) == {str(folder)}


def test_what_lies_in_a_folder_moves_with_it() -> None:
    before = {"/s/a": (1, 0, 0), "/s/a/f": (2, 5, 5), "/s/a/g": (3, 5, 5)}
    after = {"/s/b": (1, 0, 0), "/s/b/f": (2, 5, 5), "/s/b/g": (3, 6, 6), "/s/b/h": (4, 1, 1)}
    assert changed(before, after) == {"/s/b", "/s/b/g", "/s/b/h"}
