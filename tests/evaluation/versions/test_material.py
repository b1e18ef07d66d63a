"""Which clips of a store are asked for, and which of them are versions of one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.versions.material import Chosen, Material, read_material


def material_of(store: Store, **chosen: Any) -> Material:
    return read_material(store, store.space(), Chosen(**chosen))


def test_parts_of_one_file_do_not_answer_each_other(tunes: Store, paths: dict[str, str]) -> None:
    material = material_of(tunes)
    halves = [place for place, clip_id in enumerate(material.clip_ids) if paths[clip_id] == "0-cover.wav"]
    assert len(halves) == 2
    assert material.tracks[halves[0]] == material.tracks[halves[1]]
    assert len(np.unique(material.tracks)) == len(material.clip_ids) - 1


def test_works_without_another_version_are_counted(tunes: Store, paths: dict[str, str]) -> None:
    material = material_of(tunes)
    alone = set(range(len(material.clip_ids))) - set(material.queries.tolist())
    assert {paths[material.clip_ids[place]] for place in alone} == {"6-orig.wav", "7-orig.wav", "none.wav"}
    assert material.without == 3
    with pytest.raises(UsageError, match="none has another version"):
        material_of(tunes, where="rendition = 'orig'")
    with pytest.raises(UsageError, match="to group by"):
        material_of(tunes, by="album")


def test_queries_are_chosen_and_candidates_are_not(tunes: Store) -> None:
    some = material_of(tunes, queries="rendition = 'orig'")
    assert (len(some.queries), some.without, len(some.clip_ids)) == (6, 2, 22)
    few = material_of(tunes, where="rendition != 'live'", queries="rendition = 'orig'")
    assert (len(few.queries), len(few.clip_ids)) == (6, 16)
    with pytest.raises(
        UsageError, match="no clip that is searched is selected by the queries' filter, \"rendition = 'x'"
    ):
        material_of(tunes, queries="rendition = 'x'")
