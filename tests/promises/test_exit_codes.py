"""P24: every class of the tree of errors has an exit code of its own, which the docs name; each is reached by a call of
the command line, and ends in one sentence.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest
from harness.marked import ROOT
from harness.promise import Promise

from echodex import errors
from echodex.api import Store
from echodex.errors import EXIT_BAD_FILES, EXIT_INTERRUPTED, EXIT_TERMINATED, EchodexError
from echodex.indexing.index.build import shelf_of

SAYER = """
import contextlib, io, json, os, signal, sys

class Interrupting:
    def __init__(self, code):
        self.signal = {"130": signal.SIGINT, "143": signal.SIGTERM}.get(code)

    @property
    def buffer(self):
        os.kill(os.getpid(), self.signal)
        yield b"never"

from echodex.cli import main
told = {}
for name, words in json.load(sys.stdin).items():
    said, printed = io.StringIO(), io.StringIO()
    sys.argv, sys.stdin = ["echodex", "--quiet", *words], Interrupting(name)
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
            main()
    except SystemExit as end:
        told[name] = {"code": end.code or 0, "said": said.getvalue(), "printed": printed.getvalue()}
print(json.dumps(told))
"""


def tree(root: type[EchodexError] = EchodexError) -> Iterator[type[EchodexError]]:
    """Yield the classes that errors.py defines."""
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from tree(kind)


def damaged(store: Store) -> list[str]:
    (store.path / "echodex.json").write_text("{")
    return ["status"]


def locked(store: Store) -> list[str]:
    """Another process holds the run: this one, for as long as the test takes."""
    import fcntl

    folder = store.folder("runs", "held")
    folder.mkdir(parents=True, exist_ok=True)
    HELD.append((folder / ".lock").open("w"))
    fcntl.flock(HELD[-1], fcntl.LOCK_EX)
    return ["train", "probe", "--name", "held"]


def stale(store: Store) -> list[str]:
    store.build_index("flat", name="mine")
    shelf_of(store, store.space()).path("mine").write_text("{}")
    return ["similar", store.clips(["clip_id"]).column(0)[0].as_py(), "--index", "mine"]


def broken(store: Store) -> list[str]:
    path = store.path.parent / "broken.wav"
    path.write_bytes(b"RIFF and no more")
    return ["similar", str(path)]


def one_of_them_broken(store: Store) -> list[str]:
    broken(store)
    return ["add", str(store.path.parent / "broken.wav")]


def in_a_file(store: Store) -> list[str]:
    path = store.path.parent / "a file"
    path.write_text("")
    return ["map", "--png", str(path / "map.png")]


HELD: list[TextIO] = []
CALLS: dict[int, Callable[[Store], list[str]]] = {
    0: lambda store: ["status"],
    2: lambda store: ["embed", "dummy", "--where", "split = 'a'; DROP TABLE clips"],
    EXIT_BAD_FILES: one_of_them_broken,
    4: locked,
    5: damaged,
    6: stale,
    65: broken,
    66: lambda store: ["views", "show", "none"],
    69: lambda store: ["embed", "clmr", "--checkpoint", "http://127.0.0.1:9/weights.pt"],
    74: in_a_file,
    EXIT_INTERRUPTED: lambda store: ["add", "-"],
    EXIT_TERMINATED: lambda store: ["add", "-"],
}


@pytest.mark.promise("P24")
def test_each_class_has_an_exit_code_of_its_own_that_the_docs_name(promise: Promise) -> None:
    codes = [kind.exit_code for kind in tree()]
    promise.trial(len(codes) == len(set(codes)), f"two classes share an exit code: {codes}")
    documented = (ROOT / "docs" / "cli.md").read_text()
    drawn = errors.__doc__ or ""
    for kind in tree():
        promise.trial(bool(re.search(rf"\| *{kind.exit_code} *\|", documented)), f"docs/cli.md lacks {kind.exit_code}")
        promise.trial(bool(re.search(rf"{kind.__name__} +{kind.exit_code} ", drawn)), f"errors.py does not draw {kind}")
        promise.trial(bool(kind.__doc__), f"{kind} does not say what it is for")
    for code in (0, EXIT_BAD_FILES, EXIT_INTERRUPTED, EXIT_TERMINATED):
        promise.trial(bool(re.search(rf"\| *{code} *\|", documented)), f"docs/cli.md lacks {code}")


@pytest.mark.promise("P24")
def test_each_exit_code_is_reached_by_a_call_and_said_in_a_sentence(
    kinds: Store, tmp_path: Path, promise: Promise
) -> None:
    assert {kind.exit_code for kind in tree()} - {1} <= CALLS.keys()  # 1 is what nobody expected
    calls = {}
    spoilt = Store.open(shutil.copytree(kinds.path, tmp_path / "spoilt"))
    for code, prepare in CALLS.items():
        used = spoilt if prepare is damaged else kinds
        calls[str(code)] = ["--store", str(used.path), *prepare(used)]
    done = subprocess.run(
        [sys.executable, "-c", SAYER], input=json.dumps(calls), capture_output=True, text=True, check=False
    )
    HELD.pop().close()
    told = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    for code in CALLS:
        found = told.get(str(code), {"code": None, "said": done.stderr[-500:], "printed": ""})
        promise.trial(found["code"] == code, f"{code}: ended with {found}")
        promise.trial("Traceback" not in found["said"] + found["printed"], f"{code}: a traceback: {found}")
        if code not in (0, EXIT_BAD_FILES):
            lines = found["said"].strip().splitlines()
            sentence = [line for line in lines if line.startswith(("error: ", "interrupted", "Error: "))]
            promise.trial(len(sentence) == 1 == len(lines), f"{code}: not one sentence: {found['said']!r}")
            promise.trial(all(line.isprintable() for line in lines), f"{code}: control characters: {found['said']!r}")


@pytest.mark.promise("P24")
def test_what_nobody_expected_is_one_sentence_as_well(promise: Promise) -> None:
    script = "import echodex.commands.status as s\ns.status.callback = lambda **_: 1 / 0\n"
    script += "import sys; sys.argv = ['echodex', 'status']\nfrom echodex.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    promise.trial(done.returncode == 1, f"ended with {done.returncode}")
    promise.trial(len(done.stderr.splitlines()) == 1 and "internal" in done.stderr, done.stderr)
