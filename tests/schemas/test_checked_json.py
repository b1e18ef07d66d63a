from __future__ import annotations

import hashlib
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import Stale
from echodex.schemas.checked_json import checked_text, intact, read_checked

KNOWN = ("echodex.thing", 3)
PLAIN: dict[str, Any] = {"format": KNOWN[0], "version": KNOWN[1], "name": "ivf", "rows": 12, "recall": 0.95}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(text: str) -> dict[str, Any]:
    return read_checked(text, "a.json", KNOWN, dict)


@given(st.dictionaries(st.text(string.ascii_letters, min_size=1).filter(lambda name: name != "checksum"), VALUES))
def test_what_is_written_is_read(fields: dict[str, Any]) -> None:
    plain = fields | {"format": KNOWN[0], "version": KNOWN[1]}
    assert read(checked_text(plain)) == plain


def test_the_checksum_is_of_the_fields_in_the_order_of_their_names() -> None:
    alone = '{"format": "echodex.thing", "name": "ivf", "recall": 0.95, "rows": 12, "version": 3}'
    assert json.loads(checked_text(PLAIN))["checksum"] == hashlib.sha256(alone.encode()).hexdigest()


@pytest.mark.parametrize("name", list(PLAIN))
def test_a_field_that_was_changed_is_told(name: str) -> None:
    changed = json.loads(checked_text(PLAIN)) | {name: 7}
    with pytest.raises(Stale, match=r"a\.json"):
        read(json.dumps(changed))


@pytest.mark.parametrize(("field", "value"), [("format", "echodex.other"), ("version", 4)])
def test_another_format_is_named_with_the_one_that_is_known(field: str, value: object) -> None:
    with pytest.raises(Stale, match=rf"{value}.*not echodex\.thing 3"):
        read(checked_text(PLAIN | {field: value}))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{}", '{"checksum": "x"}'])
def test_what_is_no_such_file_is_told(text: str) -> None:
    with pytest.raises(Stale, match=r"a\.json is not a file of format echodex\.thing"):
        read(text)


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), ValueError("x")])
def test_fields_that_do_not_fit_are_told(error: Exception) -> None:
    def refuse(_: dict[str, Any]) -> None:
        raise error

    with pytest.raises(Stale, match="not a file of format"):
        read_checked(checked_text(PLAIN), "a.json", KNOWN, refuse)


def test_fields_beside_their_checksum_are_what_was_written() -> None:
    assert intact(json.loads(checked_text(PLAIN))) == PLAIN
    assert intact(PLAIN) == PLAIN  # an older file has none
    wrong: tuple[Any, ...] = ({**json.loads(checked_text(PLAIN)), "rows": 13}, [], "text")
    for changed in wrong:
        with pytest.raises(ValueError, match="it is no"):
            intact(changed)
