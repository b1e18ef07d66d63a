"""Stores, runs, maps and lists that somebody else made: nothing of them runs, leads out, hangs, or moves a cursor."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from harness.promise import Promise

from echodex.api import Store
from echodex.cli import cli
from echodex.encoders.cache import CachedFile
from echodex.errors import Damaged, EchodexError
from echodex.explorer.layout.kept import kept_infos
from echodex.schemas.checked_json import read_checked
from echodex.schemas.clip import Source
from echodex.schemas.format import check_marker
from echodex.schemas.read_json import read_json
from echodex.store.datasets.notes import noted_classes
from echodex.store.removing import clips_missing
from echodex.training.run import list_runs, load_run
from echodex.training.runlog import read_log

pytestmark = pytest.mark.promise("P15")

NONSENSE = {
    "nothing": "",
    "brackets": "[" * 200_000,
    "braces": '{"a":' * 200_000,
    "a number without end": "9" * 5_000,
    "a number beyond all": '{"format": "echodex", "version": 1e999}',
    "half a version": '{"format": "echodex", "version": 1.5}',
    "a list": "[]",
    "null": "null",
    "text": '"x"',
    "no text": "\ud800",
    "of another": '{"format": "other", "version": 1}',
    "objects for words": '{"name": {}, "view": [], "metrics": 3, "classes": "x", "config": null, "split": 1}',
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_no_json_of_a_store_breaks_its_reader(kind: str, kinds: Store, promise: Promise) -> None:
    text = NONSENSE[kind].encode(errors="surrogatepass")
    run = kinds.folder("runs", "theirs")
    places = [
        run / "run.json",
        run / "metrics.jsonl",
        kinds.folder("datasets") / "theirs.json",
        kinds.folder("maps", kinds.space().name) / "pca.arrow",
        kinds.path / "cached.json",
    ]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    readers: dict[str, Callable[[], Any]] = {
        "run": lambda: load_run(kinds, "theirs"),
        "runs": lambda: list_runs(kinds),
        "log": lambda: read_log(run),
        "data set": lambda: noted_classes(kinds.path),
        "map": lambda: kept_infos(kinds, kinds.space()),
        "cache": lambda: CachedFile(kinds.path / "cached").known(),
        "checked": lambda: read_checked(text.decode(errors="replace"), "here", ("a", 1), lambda plain: plain),
        "marker": lambda: check_marker(text.decode(errors="replace"), "here"),
        "json": lambda: read_json(text),
    }
    for name, read in readers.items():
        try:
            read()
        except EchodexError as error:
            promise.trial(str(error).isprintable(), f"{name}: {error!r}")
        except ValueError as error:  # of what is no reader of a store's file itself
            promise.trial(name in ("json", "log"), f"{name}: {error!r}"[:300])
        except Exception as error:
            promise.trial(False, f"{name}: {error!r}"[:300])
        else:
            promise.trial(True, name)


def test_a_marker_without_end_is_damaged(kinds: Store) -> None:
    (kinds.path / "echodex.json").write_text("[" * 200_000)
    with pytest.raises(Damaged):
        Store.open(kinds.path)


PLACES = ["/dev/zero", "/dev/stdin", "/proc/self/mem", "/etc/passwd", "PIPE", "/nowhere/at/all.wav", "\x1b[2J.wav", ""]


@pytest.mark.parametrize("place", PLACES)
def test_a_clip_that_lies_at_a_device_is_not_waited_for(place: str, kinds: Store, tmp_path: Path) -> None:
    if place == "PIPE":
        place = str(tmp_path / "pipe.wav")
        os.mkfifo(place)
    names = kinds.tables.schema("clips").names
    row = kinds.tables.scan("clips", names).slice(0, 1).to_pylist()[0]
    found = {"size_bytes": 0, "mtimes_ns": [0]}
    with suppress(OSError, ValueError):
        status = Path(place).stat()
        found = {"size_bytes": status.st_size, "mtimes_ns": [status.st_mtime_ns]}
    forged = pa.Table.from_pylist([row | found | {"uris": [place]}], schema=kinds.tables.schema("clips"))
    kinds.tables.upsert("clips", ["clip_id"], forged)
    report = kinds.embed("dummy", settings={"bands": 8})
    assert place in [problem.path for problem in report.problems]
    clips_missing(kinds.tables)


TEXTS = [
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\r\nerror: no",
    "\u202etxt.exe",
    "\x9b31m",
    "<script>alert(1)</script>",
    "\x7f\x08",
]


def shown(*words: str) -> str:
    done = CliRunner().invoke(cli, list(words))
    return done.output


def test_no_text_of_a_store_moves_the_cursor(store: Store, make_wav: Callable[..., Path], promise: Promise) -> None:
    sources = []
    for number, text in enumerate(TEXTS):
        path = make_wav(f"{number}.wav", seed=number)
        fields = (("title", text), ("artist", text), ("split", text))
        sources.append(Source(str(path), labels=(text,), fields=fields, extra=(("note", text),)))
    store.add_sources(sources)
    store.embed("dummy")
    clip = store.clips(["clip_id"]).column(0)[0].as_py()
    place = ("--store", str(store.path))
    for words in (
        ("status",),
        ("status", "--json"),
        ("similar", clip),
        ("similar", clip, "--json"),
        ("duplicates", "--json"),
        ("decisions", "pin", clip, "--note", TEXTS[0]),
        ("decisions", "list"),
        ("decisions", "list", "--json"),
        ("views", "show", TEXTS[0]),
        ("similar", TEXTS[0]),
        ("remove", TEXTS[4]),
    ):
        said = shown(*place, *words)
        odd = [c for c in said if not (c.isprintable() or c in "\n")]
        promise.trial(not odd, f"{words}: {odd[:5]!r} in what was said")


def test_what_is_said_as_json_is_json(store: Store, make_wav: Callable[..., Path]) -> None:
    store.add_sources([Source(str(make_wav("a.wav")), labels=tuple(TEXTS))])
    store.embed("dummy")
    clip = store.clips(["clip_id"]).column(0)[0].as_py()
    said = json.loads(shown("--store", str(store.path), "similar", clip, "--json"))
    assert said is not None
