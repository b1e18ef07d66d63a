from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

import pytest

from echodex.commands.output import print_json, print_report, print_table, safe
from echodex.schemas.plain import plain


@dataclass(frozen=True)
class Thing:
    name: str
    scores: tuple[float, ...]
    handle: object = field(default=None, repr=False)


def test_what_json_lacks_becomes_what_it_has() -> None:
    thing = Thing("a", (1.0, float("nan"), float("inf")), handle=object())
    assert plain({"thing": thing, "set": {1}}) == {"thing": {"name": "a", "scores": [1.0, None, None]}, "set": [1]}


def test_a_name_that_is_not_utf8_is_escaped_in_json(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    name = os.fsdecode(b"\xff.wav")
    print_json([name, "\u00e4"])
    found = capsysbinary.readouterr().out
    assert json.loads(found) == [name, "\u00e4"]
    assert "\u00e4".encode() in found


def test_a_file_name_cannot_move_the_cursor() -> None:
    assert safe("a\x1b[2Jb\nc") == "a\\x1b[2Jb\\nc"
    assert safe("Größe 音.wav") == "Größe 音.wav"


def test_tables_align_text_left_and_numbers_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "n"], [("a", 5), ("bcd", 1000), ("e", None)])
    assert capsys.readouterr().out.splitlines() == ["name     n", "a        5", "bcd   1000", "e        -"]


@dataclass(frozen=True)
class Told:
    figure: float

    def header(self) -> str:
        return "a space"

    def table(self) -> tuple[list[str], list[tuple[object, ...]]]:
        return ["figure"], [(self.figure,)]


def test_a_report_is_a_line_and_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(Told(0.5), json_=False)
    assert capsys.readouterr().out.splitlines() == ["a space", "figure", " 0.500"]
    print_report(Told(0.5), json_=True)
    assert json.loads(capsys.readouterr().out) == {"figure": 0.5}
