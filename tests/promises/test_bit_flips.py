"""One flipped bit anywhere is found by `check --data`, or changes no answer.

Bits are flipped in each kind of file that a store has. Silent is a flip after which the check finds nothing and the
store answers something else than before.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from harness.damaged import FILES, answers, files_of, flip, make_store
from harness.promise import Promise

from echodex.api import open_damaged


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A store with everything in it, and what it answers."""
    library = make_store(tmp_path_factory.mktemp("flips")).path
    right = answers(library)
    assert not [question for question, answer in right.items() if answer.startswith("error")]
    assert open_damaged(library).check(data=True).findings == ()
    return library, right


@pytest.mark.promise("P6")
@pytest.mark.parametrize("kind", FILES)
def test_a_flipped_bit_is_found_or_changes_nothing(
    promise: Promise, sound: tuple[Path, dict[str, str]], kind: str, tmp_path: Path
) -> None:
    library, right = sound
    own = tmp_path / "library"
    shutil.copytree(library, own)
    chance = random.Random(kind)
    found = 0
    for _ in range(promise.size(fast=2, full=200)):
        path = chance.choice(files_of(own, kind))
        before = path.read_bytes()
        what = flip(path, chance)
        if open_damaged(own).check(data=True).findings:
            found += 1
            promise.trial(True, what)
            path.write_bytes(before)
            continue
        told = answers(own)  # which may make caches anew
        silent = [question for question in right if told[question] not in (right[question], _error(told[question]))]
        promise.trial(not silent, f"{kind}: {what} changed {', '.join(silent)} without a word")
        shutil.rmtree(own)
        shutil.copytree(library, own)
    promise.figure(f"found in {kind}", found)


def _error(answer: str) -> str | None:
    return answer if answer.startswith("error") else None
