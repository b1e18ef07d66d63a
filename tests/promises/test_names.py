"""P18: no name of a view, a space, an index, a run, a graph or a table leaves the store's folder, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from harness.promise import Promise

from echodex.api import Store
from echodex.errors import Damaged, EchodexError, UsageError
from echodex.schemas.view import VIEW_ROWS
from echodex.store.frames.layout import frames_table
from echodex.store.spaces import find_space, imported_space, list_spaces
from echodex.store.views import REGISTRY, find_view, list_views, save_view
from echodex.training.run import load_run, run_folder

NAMES = [
    *("", ".", "..", "../x", "../../x", "a/b", "a\\b", "/etc/passwd", "~", "a/../b", "x/..", "..x", "a..b", "C:"),
    *("con", "CON", "nul.txt", "aux", "prn.a", "all", "-x", "--yes", "_x", ".x", " x", "x ", "x y", "A", "É", "#"),
    *("x\n", "x\0y", "\x1b", "x" * 65, "x" * 300, "%2e%2e", "x;y", "x'y", 'x"y', "x|y", "x*", "x?", "$HOME"),
    *("\u202ex", "\ud800", "x@y@z"),
]
Ask = Callable[[Store, str], Any]
MAKES: dict[str, Ask] = {
    "a view": lambda store, name: save_view(store.tables, name, VIEW_ROWS.empty_table(), {}, None),
    "a space": lambda store, name: imported_space(store.tables, name, 2, ""),
    "an index": lambda store, name: store.build_index("flat", name=name),
    "a run": run_folder,
    "a run that is read": load_run,
    "a table of frames": lambda store, name: frames_table(name),
}


def files(folder: Path) -> list[str]:
    """Return what lies around a store, but not in it."""
    return sorted(str(path) for path in folder.rglob("*") if "library" not in path.relative_to(folder).parts)


@pytest.mark.promise("P18")
@pytest.mark.parametrize("what", MAKES)
def test_a_name_that_could_be_a_path_is_refused(what: str, kinds: Store, promise: Promise) -> None:
    before = files(kinds.path.parent)
    for name in NAMES:
        if what == "an index" and name == "":
            continue  # none: one is made
        try:
            MAKES[what](kinds, name)
            promise.trial(False, f"{what}: {name!r} was taken")
        except UsageError as error:
            promise.trial(error.exit_code == 2 and str(error).isprintable(), f"{what}: {name!r}: {error}")
        except EchodexError as error:
            promise.trial(what == "a run that is read", f"{what}: {name!r}: {error!r}")
    assert files(kinds.path.parent) == before


def registered(store: Store, name: str, **others: Any) -> None:
    """Put a row into the registry of views as somebody else could have written it, with its table and its tag."""
    info = list_views(store.tables)[0]
    row = store.tables.scan(REGISTRY, store.tables.schema(REGISTRY).names).to_pylist()[0]
    assert row["name"] == info.name
    forged = pa.Table.from_pylist([row | {"name": name} | others], schema=store.tables.schema(REGISTRY))
    store.tables.append(REGISTRY, forged)


@pytest.mark.promise("P18")
@pytest.mark.parametrize("name", ["../x", "evil/../../x", "..", "/etc/x", "a b", "x\0y", "all"])
def test_a_view_of_a_foreign_store_cannot_be_named_out_of_it(name: str, kinds: Store) -> None:
    kinds.prune("random", keep=0.5).save("kept")
    if "\0" not in name:
        registered(kinds, name)
        with pytest.raises(Damaged):
            list_views(kinds.tables)
    with pytest.raises(EchodexError):
        find_view(kinds.tables, name)


@pytest.mark.promise("P18")
@pytest.mark.parametrize("base", ["../other/clips", "/etc/passwd", "clips/../clips", "..", "a b", 7, None, []])
def test_a_view_of_a_foreign_store_stands_on_tables_of_that_store(base: Any, kinds: Store) -> None:
    kinds.prune("random", keep=0.5).save("kept")
    bases = json.dumps([{"table": base, "version": 1, "tag": "../../x"}])
    registered(kinds, "forged", bases=bases)
    with pytest.raises(EchodexError):
        kinds.clips(["clip_id"], view="forged")


@pytest.mark.promise("P18")
def test_a_table_is_named_within_the_store(kinds: Store, promise: Promise) -> None:
    elsewhere = Store.open(kinds.path.parent / "other")
    before = elsewhere.tables.version("clips")
    for name in ("../other/clips", "view__x/../../other/clips", "..", "/etc", "", "a b", "\0"):
        for ask in (
            kinds.tables.exists,
            kinds.tables.schema,
            kinds.tables.version,
            kinds.tables.drop,
            lambda name: kinds.tables.delete(name, "true"),
            lambda name: kinds.tables.tag(name, "x", 1),
            lambda name: kinds.tables.untag(name, "x"),
            lambda name: kinds.tables.scan(name, ["clip_id"]),
        ):
            try:
                found = ask(name)
                promise.trial(False, f"{name!r} gave {found!r}")
            except Damaged:
                promise.trial(True, "")
    assert elsewhere.tables.version("clips") == before


@pytest.mark.promise("P18")
@pytest.mark.parametrize("name", ["vectors_...lance", "vectors_A.lance", "vectors_con.lance"])
def test_a_space_of_a_foreign_store_cannot_be_named_out_of_it(name: str, kinds: Store) -> None:
    space = kinds.space()
    (kinds.path / f"vectors_{space.name}.lance").rename(kinds.path / name)
    with pytest.raises(Damaged):
        list_spaces(kinds.tables)
    with pytest.raises(Damaged):
        find_space(kinds.tables, None)


def evil_registries() -> Iterator[dict[str, Any]]:
    for text in ("", "null", "[]", "{", "[" * 100_000, '{"a": 1e999}', "7", '"x"'):
        yield {"recipe": text}
        yield {"bases": text}


@pytest.mark.promise("P15")
def test_a_registry_that_says_nonsense_is_damaged(kinds: Store, promise: Promise) -> None:
    kinds.prune("random", keep=0.5).save("kept")
    for others in evil_registries():
        forged = Store.open(kinds.path)
        before = forged.tables.version(REGISTRY)
        registered(forged, "forged", **others)
        try:
            forged.clips(["clip_id"], view="forged")
            kept = True  # the recipe is told, and nothing is made of it
        except EchodexError:
            kept = True
        except Exception as error:  # what a reader did not expect
            kept = False
            others = {**others, "error": repr(error)}
        promise.trial(kept, str(others)[:200])
        forged.tables.delete(REGISTRY, "name = 'forged'")
        assert forged.tables.version(REGISTRY) > before
