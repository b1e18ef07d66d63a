from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import UsageError
from echodex.schemas.clip import CLIPS
from echodex.store import where
from echodex.store.tables import Tables
from echodex.store.where import all_of, check_where, equals, is_in, is_in_parts


def test_a_quote_in_a_value_stays_in_the_value() -> None:
    assert equals("clip_id", "it's") == "clip_id = 'it''s'"
    assert is_in("clip_id", ["a", "b'"]) == "clip_id IN ('a', 'b''')"


def test_nothing_is_in_an_empty_list() -> None:
    assert is_in("clip_id", []) == "false"


def test_many_values_are_named_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(where, "PART", 2)
    assert list(is_in_parts("n", [1, 2, 3])) == ["n IN (1, 2)", "n IN (3)"]
    assert list(is_in_parts("n", [])) == []


def test_filters_join_only_what_is_given() -> None:
    assert all_of(None, "a = 1", None, "b = 2") == "(a = 1) AND (b = 2)"
    assert all_of(None) is None


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    tables = Tables(tmp_path_factory.mktemp("where"))
    tables.create("names", pa.schema([pa.field("name", pa.string())]))
    tables.append("names", pa.table({"name": ["", "x", "' OR '1'='1", "zzz'; drop table names", '"', "--", "\\"]}))
    return tables


@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_text_becomes_a_filter(tables: Tables, value: str) -> None:
    found = tables.scan("names", ["name"], where=equals("name", value)).column("name").to_pylist()
    assert found in ([], [value])


def test_injection_selects_its_own_row_alone(tables: Tables) -> None:
    found = tables.scan("names", ["name"], where=equals("name", "' OR '1'='1"))
    assert found.column("name").to_pylist() == ["' OR '1'='1"]


@pytest.mark.parametrize("text", ["", "  ", "codec = 'a'; drop table clips", "nonsense = 1", "codec = 'a\0'"])
def test_a_filter_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        check_where(text, CLIPS)


def test_a_semicolon_in_a_value_is_no_harm() -> None:
    assert check_where("codec = 'a;b'", CLIPS) == "codec = 'a;b'"


def test_a_filter_that_lance_refuses_is_a_usage_error(tables: Tables) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        tables.scan("names", ["name"], where="name = ")
