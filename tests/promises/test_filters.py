"""P17: no text that is given as an id, a label, a path or a name becomes a filter: it selects the row that equals it,
or nothing.

The oracle is a comparison in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from harness.promise import Promise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echodex.api import Store
from echodex.errors import EchodexError, NotFound, UsageError
from echodex.indexing.places import clip_of, clips_at
from echodex.store.decisions import decide, undo_decision
from echodex.store.removing import clips_named
from echodex.store.spaces import find_space
from echodex.store.tables import Tables
from echodex.store.undoing import delete_named
from echodex.store.views import find_view, view_row
from echodex.store.where import all_of, array_has, check_where, equals, is_in, storable

FRAGMENTS = [
    *("'", "''", '"', "`", "\\", "\\'", "--", "/*", "*/", ";", "%", "_", "(", ")", " OR ", " AND ", "1=1", "NULL"),
    *("'='", "') OR ('1'='1", "' OR true --", "'; DROP TABLE clips; --", "\u2019", "\u02bc", "\uff07", "\x00"),
    *("id", "clip_id", "true", "false", "\n", "\r", "\t", "\u202e", "\ud800", "a", "0", "IN ('a')", "\x1b[2J"),
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6).map("".join),
    st.text(max_size=40),
    st.text("'\\\"-;%_() =", max_size=12),
)
HELD = ["", "a", "it's", "' OR '1'='1", "a'; drop table names; --", '"', "--", "\\", "\\'", "%", "_", "' OR true --"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A table of texts that look like filters, with a list of each."""
    tables = Tables(tmp_path_factory.mktemp("filters"))
    rows = pa.table({"id": HELD, "tags": [[text, "x"] for text in HELD]})
    tables.create("names", rows.schema)
    tables.append("names", rows)
    return tables


def selected(tables: Tables, where: str) -> list[str]:
    return sorted(tables.scan("names", ["id"], where=where).column(0).to_pylist())


@pytest.mark.promise("P17")
def test_a_filter_selects_what_equals_its_value(tables: Tables, promise: Promise) -> None:
    @settings(max_examples=promise.size(fast=60, full=1000), database=None, suppress_health_check=list(HealthCheck))
    @given(text=st.one_of(TEXTS, st.sampled_from(HELD)), other=st.sampled_from(HELD))
    def check(text: str, other: str) -> None:
        if text and not storable(text):
            with pytest.raises((UsageError, UnicodeEncodeError)):
                equals("id", text).encode()
            promise.trial(True, "")
            return
        one = sorted(held for held in HELD if held == text)
        both = sorted({held for held in HELD if held in (text, other)})
        neither = [] if text != other else one
        promise.trial(selected(tables, equals("id", text)) == one, f"equals {text!r}")
        promise.trial(selected(tables, is_in("id", [text, other])) == both, f"is in {text!r}, {other!r}")
        promise.trial(selected(tables, array_has("tags", text)) == one, f"has {text!r}")
        promise.trial(tables.count("names", where=equals("id", text)) == len(one), f"counts {text!r}")
        where = all_of(equals("id", text), None, equals("id", other)) or ""
        promise.trial(selected(tables, where) == neither, f"{text!r} and {other!r} at once")

    check()


@pytest.mark.promise("P17")
def test_a_delete_takes_the_row_that_equals_its_value(tables: Tables, promise: Promise) -> None:
    @settings(max_examples=promise.size(fast=10, full=200), database=None, suppress_health_check=list(HealthCheck))
    @given(text=TEXTS.filter(storable))
    def check(text: str) -> None:
        tables.append("names", pa.table({"id": [text], "tags": [["x"]]}))
        tables.delete("names", equals("id", text))
        left = selected(tables, "true")
        promise.trial(left == sorted(held for held in HELD if held != text), f"{text!r}: {left}")
        if text in HELD:
            tables.append("names", pa.table({"id": [text], "tags": [[text, "x"]]}))

    check()


Ask = Callable[[Store, str], Any]
ASKED: dict[str, Ask] = {
    "a clip, by id": lambda store, text: store.clips(["clip_id"], clip_ids=[text]).column(0).to_pylist(),
    "where a clip is": lambda store, text: store.sources([text]),
    "clips at a path": clips_at,
    "a clip, however named": clip_of,
    "clips to remove": lambda store, text: clips_named(store.tables, [text]),
    "removing": lambda store, text: store.remove([text]),
    "a decision": lambda store, text: decide(store.tables, "pin", text),
    "a decision about two": lambda store, text: decide(store.tables, "distinct", text, "x" + text),
    "a decision taken back": lambda store, text: undo_decision(store.tables, text),
    "a view": lambda store, text: find_view(store.tables, text),
    "a view deleted": lambda store, text: delete_named(store.tables, text),
    "a view's row": lambda store, text: view_row(store.tables, find_view(store.tables, "kept"), text),
    "a space": lambda store, text: find_space(store.tables, text),
    "an index": lambda store, text: store.drop_index(text),
    "a run": lambda store, text: store.run(text),
    "a search": lambda store, text: store.similar(text),
}


@pytest.mark.promise("P17")
def test_no_argument_of_a_verb_selects_what_it_does_not_name(kinds: Store, promise: Promise) -> None:
    kinds.prune("random", keep=0.5).save("kept")
    before = state(kinds)

    @settings(max_examples=promise.size(fast=4, full=60), database=None, suppress_health_check=list(HealthCheck))
    @given(text=TEXTS.filter(lambda text: text.strip(" ./") != ""))
    def check(text: str) -> None:
        for what, ask in ASKED.items():
            try:
                found = ask(kinds, text)
            except (NotFound, UsageError):
                found = []
            except EchodexError as error:
                found = [error]
            promise.trial(not found, f"{what}: {text!r} gave {found!r}")
        promise.trial(state(kinds) == before, f"{text!r} changed the store")

    check()


def state(store: Store) -> dict[str, int]:
    return {name: store.tables.version(name) for name in store.tables.names()}


@pytest.mark.promise("P17")
@pytest.mark.parametrize("text", ["split = 'a'; DROP TABLE clips", "1 = 1", "split = 'a'\0", " ", "odd", "split = ("])
def test_what_a_user_says_himself_can_only_read(kinds: Store, text: str) -> None:
    before = state(kinds)
    with pytest.raises(UsageError):
        kinds.clips(["clip_id"], where=check_where(text, kinds.tables.schema("clips")))
    assert state(kinds) == before
