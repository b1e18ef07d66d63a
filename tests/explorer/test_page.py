"""The page as files: what they name of each other is there, and nothing is there that nobody names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import echodex.explorer

PAGE = Path(echodex.explorer.__file__).resolve().parent / "page"
INDEX = (PAGE / "index.html").read_text()
MODULES = {path.name: path.read_text() for path in PAGE.glob("*.js")}
STARTED = {"main.js", "first.js", "worklet.js"}
"""What the page itself runs, and what runs beside it."""


def imported(text: str) -> set[str]:
    return set(re.findall(r'^import .*? from "\./(.+?)";$', text, re.MULTILINE))


def test_every_module_is_loaded_ahead_and_no_other() -> None:
    ahead = re.findall(r'<link rel="modulepreload" href="page/(.+?)">', INDEX)
    assert len(ahead) == len(set(ahead))
    assert set(ahead) == (MODULES.keys() - STARTED) | {"vendor/regl-scatterplot.js"}


def test_every_module_is_imported_and_there() -> None:
    named = set().union(*map(imported, MODULES.values()))
    assert {name for name in named if not (PAGE / name).is_file()} == set()
    assert MODULES.keys() - named - STARTED == set()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_is_imported_is_exported_and_used(name: str) -> None:
    for names, source in re.findall(r'^import \{ (.+?) \} from "\./(.+?)";$', MODULES[name], re.MULTILINE):
        if source.startswith("vendor/"):
            continue
        for one in names.split(", "):
            assert re.search(rf"^export .*?\b{one}\b", MODULES[source], re.MULTILINE), f"{source} exports {one}"
            used = re.findall(rf"\b{one}\b", MODULES[name])
            assert len(used) > 1, f"{name} uses {one}"


def test_every_element_that_a_module_asks_for_is_there() -> None:
    text = "".join(MODULES.values())
    there = set(re.findall(r'\bid="(.+?)"', INDEX)) | set(re.findall(r'\bid: "(.+?)"', text))
    asked = set(re.findall(r'(?:byId|getElementById)\("(.+?)"\)', text))
    assert asked - there == set()
    assert len(re.findall(r'\bid="(.+?)"', INDEX)) == len(set(re.findall(r'\bid="(.+?)"', INDEX)))


def test_every_label_names_an_element_that_is_there() -> None:
    text = INDEX + "".join(MODULES.values())
    there = set(re.findall(r'\bid(?:="|: ")(.+?)"', text))
    named = re.findall(r'\b(?:for|aria-controls|aria-labelledby)="(.+?)"', INDEX)
    assert {name for name in named if name not in there} == set()


def test_no_text_becomes_markup() -> None:
    for name, text in MODULES.items():
        found = re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
        assert found is None, f"{name}: {found}"
