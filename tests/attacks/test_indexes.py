"""Index and graph files made to do harm, with manifests that vouch for them: none is read from elsewhere, ends the
process, or takes more memory than it has.

A seal tells that a file is the one its manifest was written for, not who wrote both.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from harness.promise import Promise

from echodex.api import Store
from echodex.errors import Stale
from echodex.indexing.graph import graph_folders, knn_graph
from echodex.indexing.index.build import BuildConfig, build_index, shelf_of
from echodex.indexing.index.opened import open_index
from echodex.indexing.index.sealed import seal
from echodex.schemas.checked_json import checked_text
from echodex.schemas.graph import GraphManifest
from echodex.schemas.manifest import IndexManifest, Seal
from echodex.schemas.vector import Segments
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer

pytestmark = pytest.mark.promise("P15")

DIM, ROWS = 8, 600
KINDS = ("flat", "ivf", "hnsw")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a space of 600 vectors, and an index of each of three kinds."""
    store = Store.open(tmp_path_factory.mktemp("indexed") / "library")
    space = imported_space(store.tables, "synthetic", DIM, "")
    vectors = np.random.default_rng(0).standard_normal((ROWS, 1, DIM)).astype(np.float32)
    ids = [f"{number:032x}" for number in range(ROWS)]
    Writer(store.tables, space).write(ids, [Segments(np.zeros(1, np.float32), vector) for vector in vectors])
    for kind in KINDS:
        build_index(store, BuildConfig(kind=kind))
    return store.path


@pytest.fixture
def store(library: Path, tmp_path: Path) -> Store:
    """A copy of it, to forge."""
    return Store.open(shutil.copytree(library, tmp_path / "library"))


OUTSIDE = ["../../../private.faiss", "/etc/passwd", "/dev/zero", "/proc/self/mem", "..", "a/b.faiss", "\0", "."]


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_index_is_read_from_beside_its_manifest_alone(name: str, store: Store) -> None:
    shelf = shelf_of(store, store.space())
    manifest = shelf.manifest("flat")
    for field in ("index_file", "ids_file"):
        text = manifest.to_json().replace(getattr(manifest, field), "NAME")
        plain = IndexManifest.from_json(manifest.to_json(), "here")
        named: dict[str, Any] = {field: name}
        with pytest.raises(ValueError, match="beside the manifest"):
            replace(plain, **named)
        shelf.path("flat").write_text(forged(text, name))
        with pytest.raises(Stale):
            shelf.manifest("flat")


def forged(text: str, name: str) -> str:
    """Return the text of a manifest with NAME replaced, and a checksum that fits."""
    plain = json.loads(text.replace("NAME", json.dumps(name)[1:-1]))
    plain.pop("checksum")
    return checked_text(plain)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_graph_is_read_from_beside_its_manifest_alone(name: str, store: Store) -> None:
    knn_graph(store, k=3)
    [(_, manifest)] = graph_folders(store.path / "indexes" / "synthetic")
    text = forged(manifest.to_json().replace(manifest.parts[0].file, "NAME"), name)
    with pytest.raises(Stale):
        GraphManifest.from_json(text, "here")


def test_a_pipe_in_the_place_of_an_index_is_not_waited_for(store: Store) -> None:
    shelf = shelf_of(store, store.space())
    manifest = shelf.manifest("flat")
    path = shelf.folder / manifest.index_file
    path.unlink()
    os.mkfifo(path)
    shelf.path("flat").write_text(replace(manifest, index_seal=Seal(0, 1 << 20, ())).to_json())
    assert open_index(store, store.space(), name="flat").search(np.ones((1, DIM), np.float32), 1)


def index_bytes(index: faiss.Index) -> bytes:
    return faiss.serialize_index(index).tobytes()


def other_indexes() -> dict[str, Callable[[], bytes]]:
    """Files that are no index of this space, though FAISS reads some of them."""
    return {
        "a pickle": lambda: pickle.dumps({"a": 1}),
        "nothing": lambda: b"",
        "of other vectors": lambda: index_bytes(faiss.IndexFlatIP(2 * DIM)),
        "of no rows": lambda: index_bytes(faiss.IndexFlatIP(DIM)),
        "of pictures of bits": lambda: faiss.serialize_index_binary(faiss.IndexBinaryFlat(DIM)).tobytes(),
        "a file name": lambda: b"IxFI" + b"/etc/passwd\0" * 20,
        "a petabyte": lambda: index_bytes(faiss.IndexFlatIP(DIM))[:-8] + (2**50).to_bytes(8, "little"),
    }


@pytest.mark.parametrize("kind", other_indexes())
def test_what_is_no_index_of_the_space_is_built_again(kind: str, store: Store) -> None:
    space = store.space()
    shelf = shelf_of(store, space)
    manifest = shelf.manifest("flat")
    query = np.random.default_rng(1).standard_normal((1, DIM)).astype(np.float32)
    expected, _ = open_index(store, space, name="flat").search(query, 5)
    (shelf.folder / manifest.index_file).write_bytes(other_indexes()[kind]())
    shelf.path("flat").write_text(replace(manifest, index_seal=seal(shelf.folder / manifest.index_file)).to_json())
    found, _ = open_index(Store.open(store.path), space, name="flat").search(query, 5)
    np.testing.assert_array_equal(found, expected)


FORGER = """
import logging, random, resource, sys
from dataclasses import replace
import numpy as np
from echodex.api import Store
from echodex.errors import EchodexError
from echodex.indexing.index.build import shelf_of
from echodex.indexing.index.opened import open_index
from echodex.indexing.index.sealed import seal

logging.disable()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
library, kinds, tries = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3])
space = Store.open(library).space()
shelf = shelf_of(Store.open(library), space)
query = np.ones((2, space.dim), np.float32)
for kind in kinds:
    rng = random.Random(kind)
    manifest = shelf.manifest(kind)
    path, ids_path = shelf.folder / manifest.index_file, shelf.folder / manifest.ids_file
    whole, ids = path.read_bytes(), ids_path.read_bytes()
    for number in range(tries):
        mutant = bytearray(whole)
        reach = min(len(mutant), rng.choice([64, 256, 1024, len(mutant)]))
        for _ in range(rng.randint(1, 3)):
            mutant[rng.randrange(reach)] = rng.choice([0, 127, 128, 255, rng.randrange(256)])
        path.write_bytes(mutant[: rng.choice([len(mutant), len(mutant), rng.randrange(len(mutant))])])
        ids_path.write_bytes(ids)  # a build sweeps it
        shelf.path(kind).write_text(replace(manifest, index_seal=seal(path)).to_json())
        try:
            open_index(Store.open(library), space, name=kind).search(query, 5)
        except EchodexError:
            pass
        print(kind, number, flush=True)
"""


def test_no_forged_index_ends_the_process(store: Store, promise: Promise) -> None:
    tries = promise.size(fast=4, full=300)
    command = [sys.executable, "-c", FORGER, str(store.path), ",".join(KINDS), str(tries)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    survived = done.stdout.splitlines()
    for kind in KINDS:
        for number in range(tries):
            what = f"{kind}, try {number}: exit {done.returncode}, {done.stderr[-300:]}"
            promise.trial(f"{kind} {number}" in survived, what)
