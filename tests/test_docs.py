"""Documentation says what the program does: every command has help with an example, and the pages are not stale."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from harness.marked import files_by_promise
from harness.sentences import PROMISES

from echodex.cli import cli
from echodex.encoders.fingerprint.config import FingerprintConfig
from echodex.encoders.versions.config import VersionsConfig
from echodex.training.configs import read_yaml
from echodex.training.fingerprint.config import FingerprintTraining
from echodex.training.versions.config import VersionsTraining

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [
    "coming-from-audio-embeddings.md",
    "coming-from-clews.md",
    "coming-from-clmr.md",
    "coming-from-neural-audio-fp.md",
]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"]


def commands(
    command: click.Command = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_has_help_and_an_example(path: tuple[str, ...], command: click.Command) -> None:
    assert command.help
    if not isinstance(command, click.Group) or not path:
        assert "Example:" in command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in ("seed", "help"):
            assert parameter.help, f"{path}: --{parameter.name} has no help"


def parse(line: str) -> None:
    """Parse a command line without running it."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = cli
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_in_the_docs_parses(page: Path) -> None:
    lines = re.findall(r"^(?: {4}|\$ )?(echodex [a-z].*)$", page.read_text(), flags=re.MULTILINE)
    for line in lines:
        if page.name != "cli.md":
            parse(line)


def test_the_command_reference_is_what_the_commands_say() -> None:
    # in a process of its own: click keeps what a command's first context said about -h
    code = "from make_cli_reference import reference; print(reference(), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "docs", check=True, stdout=subprocess.PIPE, text=True
    )
    assert (ROOT / "docs" / "cli.md").read_text() == made.stdout, "run `make docs`"


def test_the_page_of_promises_is_what_its_tests_and_their_counts_make() -> None:
    code = "from make_promises import page; print(page(), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "docs", check=True, stdout=subprocess.PIPE, text=True
    )
    assert (ROOT / "docs" / "promises.md").read_text() == made.stdout, "run `python docs/make_promises.py`"


def test_every_promise_has_tests_and_no_test_is_of_another() -> None:
    assert set(files_by_promise()) == set(PROMISES)


def commands_in(page: Path) -> list[str]:
    """Return the command lines that a page has within its text, its tables and its plain blocks."""
    text = page.read_text()
    plain = re.findall(r"^```text\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    beside = [line for block in plain for line in re.findall(r"(echodex [a-z].*)$", block, flags=re.MULTILINE)]
    return beside + re.findall(r"`(echodex [a-z][^`]*)`", text)


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_that_newcomers_are_told_of_exists(name: str) -> None:
    lines = commands_in(ROOT / "docs" / name)
    assert len(lines) > 20
    for line in lines:
        words = shlex.split(line)[1:]
        command: click.Command = cli
        while isinstance(command, click.Group) and words:
            command = command.commands[words.pop(0)]
        if words:
            parse(line)


def test_every_key_of_the_published_configuration_has_its_place() -> None:
    page = ROOT / "docs" / "coming-from-clmr.md"
    assert set(read_yaml("clmr")) <= set(re.findall(r"`([a-z_]+)`", page.read_text()))


def test_every_setting_of_fingerprints_that_newcomers_are_told_of_exists() -> None:
    page = (ROOT / "docs" / "coming-from-neural-audio-fp.md").read_text()
    told = re.findall(r"(?<![-\w.])([a-z_]+)=[\w,.]", page)
    known = {field.name for kind in (FingerprintTraining, FingerprintConfig) for field in fields(kind)}
    assert len(told) > 30
    assert set(told) <= known | {"preset"}


def test_every_setting_of_versions_that_newcomers_are_told_of_exists() -> None:
    page = (ROOT / "docs" / "coming-from-clews.md").read_text()
    told = re.findall(r"^\| `[^|]*\| (.*) \|$", page.split("## train.py")[1].split("## test.py")[0], flags=re.MULTILINE)
    settings = set(re.findall(r"(?<![-\w.])([a-z_]+)=[\w,.]", " ".join(told)))
    assert len(settings) > 10
    assert settings <= {field.name for kind in (VersionsTraining, VersionsConfig) for field in fields(kind)} | {
        "preset"
    }


def run_blocks(page: Path, folder: Path) -> None:
    """Run the Python and console blocks of a page in a folder, one after the other."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for language, block in re.findall(r"^```(python|console)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        lines = [line.removeprefix("$ ") for line in block.splitlines()]
        command = [sys.executable, "-c", block] if language == "python" else ["bash", "-ec", "\n".join(lines)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{page.name}:\n{block}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
def test_the_tutorials_run_from_first_to_last(tmp_path: Path) -> None:
    for page in sorted((ROOT / "docs" / "tutorials").glob("*.md")):
        run_blocks(page, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", GUIDES)
def test_what_newcomers_can_try_runs(name: str, tmp_path: Path) -> None:
    run_blocks(ROOT / "docs" / name, tmp_path)


def test_the_example_of_the_readme_gives_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted >= 6
    assert results.failed == 0


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
