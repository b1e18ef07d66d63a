"""P28: vectors of different encoders, weights, settings or lengths never come to lie in one space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.promise import Promise

from echodex.api import Store
from echodex.encoders.base import digest
from echodex.encoders.registry import build
from echodex.errors import BadInput, Damaged, NotFound, UsageError
from echodex.indexing.index.build import shelf_of
from echodex.indexing.index.opened import open_index
from echodex.schemas.vector import Segments
from echodex.store.spaces import imported_space, load_encoder, space_of, table_of
from echodex.store.vectors import Writer

SETTINGS: list[dict[str, Any]] = [{}, {"bands": 8}, {"window_s": 0.1}, {"bands": 8, "window_s": 0.1}]


@pytest.mark.promise("P28")
def test_each_setting_has_a_space_of_its_own(kinds: Store, promise: Promise) -> None:
    spaces = {}
    for settings in SETTINGS:
        report = kinds.embed("dummy", settings=settings)
        spaces[report.space.name] = report.space
        again = kinds.embed("dummy", settings=settings)
        promise.trial(again.embedded == 0 and again.space == report.space, f"{settings} was not known again")
    promise.trial(len(spaces) == len(SETTINGS), f"{len(spaces)} spaces of {len(SETTINGS)} settings")
    for space in spaces.values():
        held = kinds.tables.schema(table_of(space)).field("vector").type.list_size
        promise.trial(held == space.dim, f"{space.name} holds vectors of {held}, not {space.dim}")
        promise.trial(digest(load_encoder(kinds.path, space)) == space.digest, f"{space.name} is of another encoder")


@pytest.mark.promise("P28")
def test_vectors_of_another_length_are_not_taken(store: Store, promise: Promise) -> None:
    space = imported_space(store.tables, "mine", 4, "")
    for dim in (1, 3, 5, 8):
        vectors = [Segments(np.zeros(1, np.float32), np.ones((1, dim), np.float32))]
        try:
            Writer(store.tables, space).write(["a" * 32], vectors)
            promise.trial(False, f"{dim} numbers were taken into a space of 4")
        except BadInput:
            promise.trial(store.tables.count(table_of(space)) == 0, f"something of {dim} numbers was kept")
        with pytest.raises(UsageError, match="never mix"):
            imported_space(store.tables, "mine", dim, "")


@pytest.mark.promise("P28")
def test_a_space_that_was_made_is_not_imported_into(kinds: Store, tmp_path: Path) -> None:
    space = kinds.space()
    ids = kinds.clips(["clip_id"]).column(0).to_pylist()
    np.save(tmp_path / "v.npy", np.ones((len(ids), space.dim), np.float32))
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    with pytest.raises(UsageError, match=f"of encoder '{space.encoder}'.*never mix"):
        kinds.import_vectors(space.name, tmp_path / "v.npy", tmp_path / "ids.txt")


@pytest.mark.promise("P28")
def test_weights_that_were_exchanged_are_found(kinds: Store, promise: Promise) -> None:
    one = kinds.embed("timbre").space
    path = kinds.path / "encoders" / f"{one.name}.safetensors"
    whole = path.read_bytes()
    for number in range(promise.size(fast=5, full=50)):
        changed = bytearray(whole)
        at = len(changed) - 1 - 97 * number
        changed[at] ^= 1
        path.write_bytes(changed)
        with pytest.raises(Damaged):
            load_encoder(kinds.path, one)
        promise.trial(True, f"byte {at}")
    path.write_bytes(whole)
    assert load_encoder(kinds.path, one)


@pytest.mark.promise("P28")
def test_a_query_is_asked_in_the_space_of_its_encoder(kinds: Store, make_wav: Callable[..., Path]) -> None:
    dummy, small = kinds.space(), kinds.embed("dummy", settings={"bands": 8}).space
    for space in (dummy, small):
        hits = kinds.similar(make_wav("query.wav"), k=3, space=space.name)
        assert len(hits) == 3
    with pytest.raises((UsageError, BadInput, NotFound)):
        kinds.similar(np.ones(dummy.dim + 1, np.float32), k=3, space=dummy.name)


@pytest.mark.promise("P28")
def test_an_index_of_another_space_answers_nothing(kinds: Store) -> None:
    dummy, small = kinds.space(), kinds.embed("dummy", settings={"bands": 8}).space
    kinds.build_index("flat", space=small.name)
    theirs, ours = shelf_of(kinds, small), shelf_of(kinds, dummy)
    manifest = theirs.manifest("flat")
    ours.folder.mkdir(parents=True, exist_ok=True)
    for name in (manifest.index_file, manifest.ids_file):
        (ours.folder / name).write_bytes((theirs.folder / name).read_bytes())
    ours.path("flat").write_text(replace(manifest, space=dummy.name).to_json())
    opened = open_index(kinds, dummy, name="flat")
    assert opened.manifest.space_identity == dummy.identity
    assert opened.manifest.dim == dummy.dim


@pytest.mark.promise("P28")
def test_the_same_encoder_is_one_space_wherever_it_is_built(kinds: Store) -> None:
    assert space_of(kinds.tables, build("dummy", {}, None)) == kinds.space()
