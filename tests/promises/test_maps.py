"""A map of a space is never another's, nor a damaged one: it is what its space comes to now, or is made anew.

The oracle is the map that was made first, or one that is fitted to the same clips elsewhere.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from harness.promise import Promise

from echodex.api import Store
from echodex.explorer.layout import Layout, layout


@pytest.fixture
def drawn(kinds: Store) -> tuple[Store, Path, Layout]:
    """A store with a map, the map's file, and the map."""
    made = layout(kinds, method="pca")
    return kinds, kinds.path / "maps" / kinds.space().name / "pca.arrow", made


def same(one: Layout, other: Layout) -> bool:
    return one.clip_ids.equals(other.clip_ids) and np.array_equal(one.points, other.points)


@pytest.mark.promise("P7")
def test_a_flipped_bit_never_moves_a_clip(drawn: tuple[Store, Path, Layout], promise: Promise) -> None:
    store, path, intact = drawn
    content, chooser = path.read_bytes(), random.Random(0)
    for _ in range(promise.size(40, 200)):
        flipped, bit = bytearray(content), chooser.randrange(8 * len(content))
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        promise.trial(same(layout(store, method="pca"), intact), f"bit {bit}: another map")


@pytest.mark.promise("P7")
def test_a_map_that_was_cut_short_is_made_anew(drawn: tuple[Store, Path, Layout], promise: Promise) -> None:
    store, path, intact = drawn
    content, chooser = path.read_bytes(), random.Random(0)
    for cut in range(promise.size(10, 50)):
        path.write_bytes(content[: chooser.randrange(len(content)) if cut else 0])
        promise.trial(same(layout(store, method="pca"), intact), f"cut short, {cut}: another map")
        promise.trial(path.stat().st_size == len(content), f"cut short, {cut}: not made anew")


@pytest.mark.promise("P7")
def test_a_map_of_another_space_or_from_before_is_not_believed(
    drawn: tuple[Store, Path, Layout], promise: Promise, tmp_path: Path
) -> None:
    store, path, intact = drawn
    store.embed("dummy", settings={"bands": 8})
    other = layout(store, space=store.space().name, method="pca")
    first = intact.info.space
    shutil.copy(store.path / "maps" / other.info.space / "pca.arrow", path)
    promise.trial(same(layout(store, space=first, method="pca"), intact), "that of another space was believed")
    before = path.read_bytes()
    store.remove(intact.clip_ids.to_pylist()[:20])
    fresh = Store.open(shutil.copytree(store.path, tmp_path / "fresh", ignore=shutil.ignore_patterns("maps")))
    truth = layout(fresh, space=first, method="pca")
    layout(store, space=first, method="pca")
    path.write_bytes(before)
    found = layout(store, space=first, method="pca")
    promise.trial(found.clip_ids.equals(truth.clip_ids), "that from before clips went was believed")
