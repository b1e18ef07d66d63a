"""Each kind of damage is found by `check`, mended by `repair`, and nothing else is lost.

A case damages a copy of a store that has everything in it. What was not damaged answers afterwards as it did before,
and where rows had to go, the verbs that made them make them again.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lance
import pyarrow as pa
import pytest
from harness.damaged import RATE_HZ, SPACE, answers, files_of, flip, ids, make_store, sources_of
from harness.promise import Promise

from echodex.api import Store, open_damaged
from echodex.indexing.index.build import BuildConfig, draft_index, recipe_of, shelf_of
from echodex.indexing.index.rowids import id_table
from echodex.schemas.clip import Source
from echodex.schemas.finding import Damage
from echodex.store.removing import JOURNAL
from echodex.store.seals import Seals
from echodex.store.spaces import table_of
from echodex.store.where import equals


@dataclass(frozen=True)
class Case:
    """A damage. harm: does it; kinds: what `check` must find; changes: the questions whose answers may be others after
    the repair.
    """

    harm: Callable[[Store], None]
    kinds: set[Damage]
    changes: tuple[str, ...] = ()


HINT = "latest_version_hint.json"
"""What Lance looks at first, and does not trust."""

CLIPS_GO = ("clips", "by id", "vectors", "waveforms", "similar", "graph", "map", "view", "views", "clips of the view")
VIEW_GOES = ("view", "views", "clips of the view", "vectors of the view")
SPACE_GOES = ("vectors", *VIEW_GOES, "similar", "graph", "map")


def lose(kind: str) -> Callable[[Store], None]:
    """Remove a file of a kind."""
    return lambda store: files_of(store.path, kind)[0].unlink()


def cut(kind: str, last: bool = False) -> Callable[[Store], None]:
    """Cut a file of a kind in half."""

    def harm(store: Store) -> None:
        path = files_of(store.path, kind)[-1 if last else 0]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return harm


def turn(kind: str, last: bool = False) -> Callable[[Store], None]:
    """Flip a bit of a file of a kind."""
    return lambda store: _ignored(flip(files_of(store.path, kind)[-1 if last else 0], random.Random(0)))


def lose_index(store: Store) -> None:
    for path in files_of(store.path, "key index"):
        path.unlink()


def overwrite(kind: str) -> Callable[[Store], None]:
    """Put other bytes in the middle of a file of a kind."""

    def harm(store: Store) -> None:
        path = files_of(store.path, kind)[0]
        content = bytearray(path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 8] = b"damaged!"
        path.write_bytes(content)

    return harm


def change_row(table: str, column: str, where: Callable[[Store], str]) -> Callable[[Store], None]:
    """Give a row another value behind the store's back, so that its sum is wrong."""

    def harm(store: Store) -> None:
        lance.dataset(str(store.path / f"{_named(store, table)}.lance")).update({column: "'changed'"}, where(store))

    return harm


def of_first_clip(store: Store) -> str:
    return equals("clip_id", ids(store)[0])


def double(table: str) -> Callable[[Store], None]:
    """Add rows of a table once more, as a writer does that heeds neither keys nor lock."""

    def harm(store: Store) -> None:
        dataset = lance.dataset(str(store.path / f"{_named(store, table)}.lance"))
        lance.write_dataset(dataset.to_table().slice(0, 3), dataset.uri, mode="append")

    return harm


def add_orphan_file(store: Store) -> None:
    data = files_of(store.path, "vectors")[0]
    shutil.copy(data, data.with_name("0123456789.lance"))


def add_half_removed_table(store: Store) -> None:
    left = store.path / ".view__lean__v9.lance.0123abcd.tmp"
    shutil.copytree(store.path / "clips.lance", left)
    next((left / "data").glob("*.lance")).unlink()
    os.utime(left, (0, 0))


def add_torn_file(store: Store) -> None:
    path = store.path / "maps" / ".pca.arrow.abcdefgh.tmp"
    path.write_bytes(b"half")
    os.utime(path, (0, 0))


def add_unknown_rows(store: Store) -> None:
    """Write an index whose rows are of clips that the space does not have."""
    space = store.space(SPACE)
    recipe, _ = recipe_of(BuildConfig("flat", name="strange"), 16, space.dim)
    draft = draft_index(store, space, recipe)
    strange = [f"{number:032x}" for number in range(draft.manifest.ntotal)]
    object.__setattr__(draft, "ids", id_table(strange))
    written = draft.put(shelf_of(store, space))
    store.tables.tag(table_of(space), "index-strange", written.table_version)


def lose_base(store: Store) -> None:
    """Let cleanup take the version that a view was made from."""
    base = store.view("lean").bases[0]
    store.tables.untag(base.table, base.tag)
    store.tables.clean(base.table, [base.version], orphans=False)


def lose_tag(store: Store) -> None:
    base = store.view("lean").bases[0]
    store.tables.untag(base.table, base.tag)


def forget_view(store: Store) -> None:
    """Leave a view as a process does that died before it registered it."""
    info = store.view("lean")
    versions = {"clips": info.bases[0].version}
    store.save_view("other", store.view_rows(info).drop_columns(["row_id"]), {}, None, versions)
    store.tables.delete("views", equals("name", "other"))


def leave_rows(store: Store) -> None:
    """Leave rows of a clustering run that is not registered."""
    table = f"clusters_{store.space(SPACE).name}"
    rows = store.tables.scan(table, store.tables.schema(table).names)
    numbers = pa.array([7] * len(rows), pa.int32())
    store.tables.append(table, rows.set_column(rows.schema.get_field_index("run"), "run", numbers))


def strand_vectors(store: Store) -> None:
    """Take a clip away and leave its vectors: what a removal does that was killed, once its journal is lost."""
    store.tables.delete("clips", of_first_clip(store))


def interrupt_removal(store: Store) -> None:
    clip = ids(store)[0]
    (store.path / JOURNAL).write_text(json.dumps([clip]))
    store.tables.delete("clips", equals("clip_id", clip))


def forget_space(store: Store) -> None:
    """Lose the vectors of a space, and keep its indexes."""
    shutil.rmtree(store.path / f"{table_of(store.space(SPACE))}.lance")


def _ignored(_: object) -> None:
    return None


def _named(store: Store, table: str) -> str:
    return next(name for name in store.tables.names() if name.startswith(table))


CASES = {
    "a data file is missing": Case(lose("vectors"), {Damage.TABLE}, SPACE_GOES),
    "a data file is cut": Case(cut("vectors"), {Damage.TABLE}, SPACE_GOES),
    "clips are unreadable": Case(cut("clips"), {Damage.TABLE}, (*CLIPS_GO, "vectors of the view", "decisions")),
    "a file of no version": Case(add_orphan_file, {Damage.ORPHAN_FILE}),
    "a torn file": Case(add_torn_file, {Damage.TORN}),
    "a table is half removed": Case(add_half_removed_table, {Damage.TORN}),
    "an index of unknown rows": Case(add_unknown_rows, {Damage.INDEX}),
    "an index is cut": Case(cut("index"), {Damage.INDEX}),
    "ids of an index are missing": Case(lose("ids of an index"), {Damage.INDEX}),
    "an index manifest is changed": Case(turn("index manifest"), {Damage.INDEX}),
    "a graph is changed": Case(overwrite("graph"), {Damage.INDEX}),
    "a map is changed": Case(overwrite("map"), {Damage.INDEX}),
    "clips are there twice": Case(double("clips"), {Damage.DOUBLE}),
    "vectors are there twice": Case(double("vectors_dummy"), {Damage.DOUBLE}),
    "waveforms are changed": Case(overwrite("waveforms"), {Damage.BLOB}, ("waveforms",)),
    "a clip is changed": Case(change_row("clips", "title", of_first_clip), {Damage.ROW}, CLIPS_GO),
    "a decision is changed": Case(change_row("decisions", "note", lambda _: "true"), {Damage.ROW}, ("decisions",)),
    "the registry of views is changed": Case(change_row("views", "recipe", lambda _: "true"), {Damage.ROW}, VIEW_GOES),
    "a view is changed": Case(change_row("view__", "reason", lambda _: "true"), {Damage.VIEW}, VIEW_GOES),
    "a view has lost its version": Case(lose_base, {Damage.VIEW_BASE}, VIEW_GOES),
    "a view has lost its tag": Case(lose_tag, {Damage.VIEW_TAG}),
    "a tag is torn": Case(cut("tag"), {Damage.TAG}),
    "a view is not registered": Case(forget_view, {Damage.LEFT}),
    "a clustering is not registered": Case(leave_rows, {Damage.LEFT}),
    "a manifest is changed": Case(turn("manifest"), {Damage.SEAL}),
    "the newest manifest is cut": Case(cut("manifest"), {Damage.SEAL}),
    "the newest manifest is gone": Case(lose("manifest"), {Damage.SEAL}),
    "a list of deleted rows is changed": Case(turn("deletion file"), {Damage.SEAL}),
    "a key index is changed": Case(turn("key index"), {Damage.SEAL}),
    "a key index is overwritten": Case(overwrite("key index"), {Damage.SEAL}),
    "a file of a key index is missing": Case(lose("key index"), {Damage.SEAL}),
    "a key index is missing": Case(lose_index, {Damage.SEAL}),
    "a manifest that nobody needs is cut": Case(cut("manifest", last=True), {Damage.SEAL}),
    "seals are changed": Case(turn("seals"), {Damage.SEAL}),
    "rows of clips that are gone": Case(strand_vectors, {Damage.ORPHAN_ROWS}, CLIPS_GO),
    "a removal is unfinished": Case(interrupt_removal, {Damage.JOURNAL}, CLIPS_GO),
    "the vectors are gone": Case(forget_space, {Damage.LOST}, (*SPACE_GOES, "spaces", "clusters", "run")),
    "weights are changed": Case(turn("weights"), {Damage.WEIGHTS}),
    "weights are missing": Case(lose("weights"), {Damage.WEIGHTS}),
    "a checkpoint is cut": Case(cut("checkpoint"), {Damage.RUN}, ("run",)),
    "a run file is changed": Case(turn("run"), {Damage.RUN}, ("run",)),
    "splits are missing": Case(lose("splits"), {Damage.RUN}, ("run",)),
    "the marker is cut": Case(cut("marker"), {Damage.MARKER}),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A store with everything in it, and what it answers."""
    library = make_store(tmp_path_factory.mktemp("repair")).path
    return library, answers(library)


FAST = (
    "a data file is missing",
    "a clip is changed",
    "a view has lost its tag",
    "a manifest is changed",
    "seals are changed",
)
"""What every run of the tests tries; a full one tries all."""


@pytest.mark.promise("P25")
@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_damage_is_found_and_mended_and_nothing_else_is_lost(
    promise: Promise, sound: tuple[Path, dict[str, str]], name: str, tmp_path: Path
) -> None:
    library, right = sound
    case = CASES[name]
    own = tmp_path / "library"
    shutil.copytree(library, own)
    case.harm(Store.open(own))
    found = {finding.kind for finding in open_damaged(own).check(data=True).findings}
    promise.trial(case.kinds <= found, f"{name}: found {found}")
    before = contents(own)
    report = open_damaged(own).repair()
    gone = [path for content, path in before.items() if content not in contents(own)]
    promise.trial(not gone, f"{name}: the only copy of {', '.join(gone)} is gone")
    promise.trial(not report.left and not open_damaged(own).check(data=True).findings, f"{name}: left {report.left}")
    told = answers(own)
    lost = [question for question in right if told[question] != right[question] and question not in case.changes]
    promise.trial(not lost, f"{name}: other answers to {', '.join(lost)} after {[one.did for one in report.mended]}")
    if case.changes:
        again = made_again(Store.open(own), sources_of(Store.open(library)))
        wrong = [question for question in ("clips", "vectors", "waveforms") if again[question] != right[question]]
        promise.trial(not wrong, f"{name}: {', '.join(wrong)} are not what they were once they are made again")


@pytest.mark.slow
@pytest.mark.promise("P25")
def test_of_a_lost_manifest_the_version_before_is_taken_and_that_is_told(
    sound: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """More than a bit of the newest manifest is wrong, and the copy that was kept of it is gone: nobody knows any more
    what the last commit was.
    """
    own = tmp_path / "library"
    shutil.copytree(sound[0], own)
    before = set(ids(Store.open(own)))
    cut("manifest")(Store.open(own))
    (own / "seals" / "clips.manifest").unlink()
    report = open_damaged(own).repair()
    assert any("moved to quarantine" in one.did and "_versions" in one.did for one in report.mended)
    assert open_damaged(own).check(data=True).findings == ()
    assert set(ids(Store.open(own))) >= before


@pytest.mark.promise("P25")
def test_a_manifest_that_is_what_was_written_is_never_taken_for_a_lost_one(
    sound: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """What cannot open it may be this program, too old for it: going back a version would lose what it says."""
    own = tmp_path / "library"
    shutil.copytree(sound[0], own)
    newest = min((own / "clips.lance" / "_versions").glob("*.manifest"))
    newest.write_bytes(b"of a format that this Lance does not know")
    (own / "seals" / "clips.txt").unlink()
    Seals(own).seal("clips")
    report = open_damaged(own).repair()
    assert newest.read_bytes().startswith(b"of a format")
    assert [finding.where for finding in report.left if finding.kind is Damage.TABLE] == ["clips"]


def contents(library: Path) -> dict[str, str]:
    """Return where each content of a file is that is not a cache, a seal, a tag or what a process was writing."""
    made = {"indexes", "maps", "seals", "activity", "_refs"}
    files = [path for path in library.rglob("*") if path.is_file() and not made & set(path.relative_to(library).parts)]
    named = [path for path in files if path.name not in (JOURNAL, HINT) and path.suffix != ".tmp"]
    return {hashlib.sha256(path.read_bytes()).hexdigest(): str(path.relative_to(library)) for path in named}


def made_again(store: Store, sources: list[Source]) -> dict[str, str]:
    """Run the verbs that filled the store, and return what it answers."""
    store.add_sources(sources)
    store.embed("dummy")
    store.materialise(sample_rate_hz=RATE_HZ)
    return answers(store.path)
