from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import echodex
from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.fingerprint.report import EXACT


def test_the_door_takes_a_folder_or_a_space(
    write_published: Callable[..., Path], melodies: Store, tmp_path: Path
) -> None:
    folder = write_published()
    found = echodex.evaluate_fingerprint(folder, index="l2", test_ids="10", lengths=(1, 5), out=tmp_path / "out")
    assert (found.queries, found.lengths) == (10, (1, 5))
    assert (tmp_path / "out" / "raw_score.npy").is_file()
    itself = f"space:{melodies.space().name}"
    own = echodex.evaluate_fingerprint(queries=itself, store=melodies, index="l2", lengths=(3,))
    assert own.hits[EXACT] == (100,)
    with pytest.raises(UsageError, match="either a folder"):
        echodex.evaluate_fingerprint(folder, queries=itself, store=melodies)
    with pytest.raises(UsageError, match="either a folder"):
        echodex.evaluate_fingerprint()
