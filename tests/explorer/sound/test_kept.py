"""What is kept of short clips, within its bound."""

from __future__ import annotations

from echodex.explorer.sound.kept import Kept


def test_what_was_asked_for_longest_ago_is_let_go() -> None:
    kept = Kept(max_bytes=10)
    kept.put("a", b"1234")
    kept.put("b", b"1234")
    assert kept.get("a") == b"1234"
    kept.put("c", b"1234")
    assert [kept.get(key) for key in "abc"] == [b"1234", None, b"1234"]
    kept.put("d", b"more than ten bytes")
    assert [kept.get(key) for key in "abcd"] == [None] * 4


def test_only_what_was_taken_to_its_end_is_kept() -> None:
    kept = Kept()
    pieces = kept.keeping("a", iter([b"1", b"2"]))
    assert next(pieces) == b"1"
    assert kept.get("a") is None
    assert list(pieces) == [b"2"]
    assert kept.get("a") == b"12"
