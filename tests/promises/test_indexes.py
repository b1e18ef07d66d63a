"""An index file never makes an answer wrong: not damaged, cut short, swapped, out of date, or rebuilt while it is read.

The oracle is the intact index, or the stored vectors themselves. What could abort a process runs in a child.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.promise import Promise
from numpy.typing import NDArray

from echodex.api import Store
from echodex.indexing.index import sealed
from echodex.indexing.index.build import BuildConfig, build_index
from echodex.indexing.index.opened import open_index
from echodex.indexing.index.shelf import Shelf
from echodex.indexing.kinds.registry import kind_names
from echodex.schemas.vector import Segments
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer

Matrix = NDArray[np.float32]

CLIPS, DIM, K, SPACE = 1500, 16, 5, "synthetic-16"
QUERIES = 6

ASKER = """
import json, sys
import numpy as np
from echodex.api import Store
from echodex.errors import EchodexError
from echodex.indexing.index import sealed
from echodex.indexing.index.opened import open_index

sealed.BLOCK_BYTES = 512
library, queries = sys.argv[1], np.load(sys.argv[2])
print("READY", flush=True)
for line in sys.stdin:
    name = line.strip()
    try:
        store = Store.open(library, create=False)
        index = open_index(store, store.space("synthetic-16"), name=name)
        rows, scores = index.search(queries, 5)
        ids = [index.ids.take(row[row >= 0]) for row in rows]
        answer = {"ids": ids, "scores": scores.tolist(), "file": index.manifest.index_file}
    except EchodexError as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    print(json.dumps(answer), flush=True)
"""

BUILDER = """
import sys
from echodex.api import Store
from echodex.indexing.index import sealed
from echodex.indexing.index.build import BuildConfig, build_index

sealed.BLOCK_BYTES = 512
for _ in range(12):
    build_index(Store.open(sys.argv[1]), BuildConfig(kind=sys.argv[2]))
"""


class Asker:
    """A child that opens the index it is told of anew, asks it the same queries every time, and tells the answer."""

    def __init__(self, library: Path, queries: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", ASKER, str(library), str(queries)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "READY\n"

    def ask(self, name: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        line = self.line()
        assert line, f"the process ended with {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def close(self) -> None:
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def synthetic() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(Path(__file__).resolve().parents[2] / "benchmarks")])
        from importlib import import_module

        yield import_module("synthetic")


@pytest.fixture(scope="module")
def library(synthetic: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an index of every kind, sealed in blocks so small that most are checked only when a search comes."""
    folder = tmp_path_factory.mktemp("indexes") / "library"
    store = synthetic.write_store(folder, CLIPS, DIM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "BLOCK_BYTES", 512)
        for name in kind_names():
            build_index(store, BuildConfig(kind=name))
    np.save(folder.parent / "queries.npy", synthetic.held_out(QUERIES, DIM))
    return folder


@pytest.fixture
def own(library: Path, tmp_path: Path) -> Path:
    """A copy of the library for a test to damage."""
    return Path(shutil.copytree(library, tmp_path / "library"))


@pytest.fixture
def asker(own: Path, library: Path) -> Iterator[Asker]:
    child = Asker(own, library.parent / "queries.npy")
    yield child
    child.close()


def shelf_of(library: Path, space: str = SPACE) -> Shelf:
    return Shelf(library / "indexes" / space)


def files_of(library: Path, name: str) -> list[Path]:
    """Return the manifest, the index file and the ids file of an index."""
    shelf = shelf_of(library)
    manifest = shelf.manifest(name)
    return [shelf.path(name), shelf.folder / manifest.index_file, shelf.folder / manifest.ids_file]


@contextlib.contextmanager
def restored(own: Path) -> Iterator[None]:
    """Put the indexes back as they were, rebuilt or not."""
    kept = own.parent / "kept"
    shutil.copytree(own / "indexes", kept)
    try:
        yield
    finally:
        shutil.rmtree(own / "indexes")
        kept.rename(own / "indexes")


def true_scores(library: Path, queries: Matrix) -> dict[str, Matrix]:
    """Return by clip id its cosine with each query."""
    vectors = Store.open(library).vectors(SPACE)
    return dict(zip(vectors.clip_ids, vectors.matrix @ queries.T, strict=True))


def check(answer: dict[str, Any], intact: dict[str, Any], exact: dict[str, Matrix]) -> str:
    """Assert that an answer is the intact index's, a clear error, or that of a good index built anew; say which."""
    if "error" in answer:
        assert answer["error"] in ("Stale", "BrokenSeal")
        assert "echodex index build" in answer["text"]
        return "error"
    if answer["file"] == intact["file"]:
        assert (answer["ids"], answer["scores"]) == (intact["ids"], intact["scores"])
        return "intact"
    assert recall(answer["ids"], exact) > recall(intact["ids"], exact) - 0.05
    return "rebuilt"


def recall(ids: Sequence[Sequence[str]], exact: dict[str, Matrix]) -> float:
    table, names = np.array(list(exact.values())), np.array(list(exact))
    best = names[np.argsort(-table, axis=0)[:K]].T
    return float(np.mean([len(set(found) & set(true)) / K for found, true in zip(ids, best.tolist(), strict=True)]))


@pytest.mark.promise("P7")
def test_a_flipped_bit_never_makes_an_answer_wrong(own: Path, library: Path, asker: Asker, promise: Promise) -> None:
    flips = promise.size(15, 200)
    exact = true_scores(library, np.load(library.parent / "queries.npy"))
    intact = {name: asker.ask(name) for name in kind_names()}
    draw = random.Random(flips)
    ends = []
    for flip in range(flips):
        name = kind_names()[flip % len(kind_names())]
        with restored(own):
            path = draw.choice(files_of(own, name))
            content = bytearray(path.read_bytes())
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            path.write_bytes(content)
            ends.append(check(asker.ask(name), intact[name], exact))
            promise.trial(True, f"flip {flip} of {path.name}")
    assert 2 * ends.count("intact") < flips  # most of them lie where a search has to notice


@pytest.mark.promise("P7")
def test_a_file_that_was_cut_short_never_makes_an_answer_wrong(
    own: Path, library: Path, asker: Asker, promise: Promise
) -> None:
    """At as many lengths for each kind of index; one in four of them nothing."""
    exact = true_scores(library, np.load(library.parent / "queries.npy"))
    draw = random.Random(0)
    lengths = promise.size(3, 50)
    for name in kind_names():
        intact = asker.ask(name)
        for cut in range(lengths):
            with restored(own):
                path = files_of(own, name)[cut % 3]
                content = path.read_bytes()
                path.write_bytes(content[: draw.randrange(len(content)) if cut % 4 else 0])
                end = check(asker.ask(name), intact, exact)
                promise.trial(end != "intact", f"{path.name} of {len(content)} bytes cut short: believed to be whole")


@pytest.mark.promise("P7")
def test_an_index_of_another_space_is_not_used(own: Path, library: Path, asker: Asker, synthetic: Any) -> None:
    exact, intact = true_scores(library, np.load(library.parent / "queries.npy")), asker.ask("flat")
    store = Store.open(own)
    other = imported_space(store.tables, "other", DIM, "")
    ids, rows = synthetic.clip_ids(CLIPS), synthetic.clustered(CLIPS, DIM, seed=5)
    Writer(store.tables, other).write(ids, [Segments(np.zeros(1, np.float32), row[None]) for row in rows])
    build_index(store, BuildConfig(kind="flat"), space="other")
    shutil.rmtree(own / "indexes" / SPACE)
    shutil.copytree(own / "indexes" / "other", own / "indexes" / SPACE)
    assert check(asker.ask("flat"), intact, exact) != "intact"


@pytest.mark.promise("P7")
def test_an_index_of_a_space_of_that_name_in_another_store_is_not_used(
    own: Path, library: Path, asker: Asker, synthetic: Any, tmp_path: Path
) -> None:
    exact, intact = true_scores(library, np.load(library.parent / "queries.npy")), asker.ask("flat")
    stranger = synthetic.write_store(tmp_path / "stranger", CLIPS, DIM, seed=5)
    build_index(stranger, BuildConfig(kind="flat"))
    shutil.rmtree(own / "indexes" / SPACE)
    shutil.copytree(stranger.path / "indexes" / SPACE, own / "indexes" / SPACE)
    assert check(asker.ask("flat"), intact, exact) != "intact"


@pytest.mark.promise("P7")
@pytest.mark.parametrize("changed", [{"space_identity": "0" * 64}, {"dim": DIM + 1}, {"space": "other"}])
def test_a_manifest_that_names_something_else_is_not_believed(
    own: Path, library: Path, asker: Asker, changed: dict[str, Any]
) -> None:
    exact, intact = true_scores(library, np.load(library.parent / "queries.npy")), asker.ask("ivf")
    shelf = shelf_of(own)
    shelf.path("ivf").write_text(replace(shelf.manifest("ivf"), **changed).to_json())
    assert check(asker.ask("ivf"), intact, exact) != "intact"


@pytest.mark.promise("P7")
@pytest.mark.parametrize("name", kind_names())
def test_an_index_from_before_a_change_answers_as_the_table_is_now(
    own: Path, library: Path, asker: Asker, name: str, synthetic: Any
) -> None:
    """The old files put back over a newer build: caught up with the table, or built again, never believed."""
    queries = np.load(library.parent / "queries.npy")
    intact = asker.ask(name)
    gone = {found for ids in asker.ask("flat")["ids"] for found in ids[:2]}
    kept = own.parent / "before"
    shutil.copytree(own / "indexes", kept)
    store = Store.open(own)
    store.remove(sorted(gone))
    build_index(store, BuildConfig(kind=name))
    shutil.rmtree(own / "indexes")
    kept.rename(own / "indexes")
    answer = asker.ask(name)
    before = true_scores(library, queries)
    now = {clip_id: found for clip_id, found in before.items() if clip_id not in gone}
    assert not gone & {found for ids in answer["ids"] for found in ids}
    assert recall(answer["ids"], now) > recall(intact["ids"], before) - 0.1


@pytest.mark.promise("P7")
@pytest.mark.parametrize("name", kind_names())
def test_a_clip_that_is_removed_is_in_no_answer_from_then_on(own: Path, name: str, synthetic: Any) -> None:
    reader, writer = Store.open(own), Store.open(own)
    asked = synthetic.clip_ids(CLIPS)[0]
    for _ in range(3):
        nearest = reader.similar(asked, k=K, index=name)[0].clip_id
        writer.remove([nearest])
        assert nearest not in [hit.clip_id for hit in reader.similar(asked, k=K, index=name)]
        rows, _ = open_index(reader, reader.space(SPACE), name=name).search(
            np.stack([Store.open(own).vectors(SPACE).matrix[0]]), 200
        )
        assert nearest not in open_index(reader, reader.space(SPACE), name=name).ids.take(rows[0][rows[0] >= 0])


@pytest.mark.promise("P7")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["flat", "ivf"])
def test_readers_are_right_while_another_process_builds_again(own: Path, library: Path, name: str) -> None:
    exact = true_scores(library, np.load(library.parent / "queries.npy"))
    files = set()
    with contextlib.ExitStack() as stack:
        readers = [Asker(own, library.parent / "queries.npy") for _ in range(3)]
        for reader in readers:
            stack.callback(reader.close)
        best = recall(readers[0].ask(name)["ids"], exact)
        builder = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUILDER, str(own), name]))
        while builder.poll() is None:
            for reader in readers:
                answer = reader.ask(name)
                assert recall(answer["ids"], exact) > best - 0.02
                for query, (ids, scores) in enumerate(zip(answer["ids"], answer["scores"], strict=True)):
                    np.testing.assert_allclose(scores, [exact[found][query] for found in ids], atol=1e-5)
                files.add(answer["file"])
    assert builder.returncode == 0
    assert len(files) > 2
