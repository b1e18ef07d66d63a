"""A bench for verbs: stores at several stages, copied for each trial, and the command line run on a copy.

Each command runs in a process of its own, whose disk fails, or that dies, at a given operation. The bench lives in a
worker that `Shim.run` starts.
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import faults
from .faults import ANY, KILL, Kind
from .holdings import holdings

CLIPS, RATE_HZ = 16, 8000
STAGES: dict[str, tuple[str, Sequence[str]]] = {
    "added": ("nothing", ["add", "AUDIO", "--labels", "LABELS"]),
    "embedded": ("added", ["embed", "dummy"]),
    "viewed": ("embedded", ["prune", "random", "--keep", "0.75", "--as", "lean", "--noise", "keep"]),
    "removed": ("viewed", ["remove", "FIRST", "SECOND", "--yes"]),
    "damaged": ("viewed", ["index", "build", "flat"]),
}
"""Stores by how far they got: which one each is made from, and by what."""

VERBS: dict[str, tuple[str, Sequence[str]]] = {
    "add": STAGES["added"],
    "embed": STAGES["embedded"],
    "add and embed": ("nothing", [*STAGES["added"][1], "--embed", "dummy"]),
    "import": ("added", ["import", "VECTORS", "--ids", "IDS", "--name", "mine"]),
    "materialise": ("added", ["materialise", "--rate", str(RATE_HZ)]),
    "remove": STAGES["removed"],
    "decisions": ("embedded", ["decisions", "pin", "FIRST", "SECOND"]),
    "cluster": ("embedded", ["cluster", "dummy", "--min-cluster-size", "3"]),
    "prune": STAGES["viewed"],
    "views delete": ("viewed", ["views", "delete", "lean", "--yes"]),
    "index build": ("embedded", ["index", "build", "flat"]),
    "index graph": ("embedded", ["index", "graph", "-k", "3"]),
    "map": ("embedded", ["map"]),
    "compact": ("removed", ["compact"]),
    "relocate": ("viewed", ["relocate", "AUDIO", "MOVED"]),
    "repair": ("damaged", ["repair"]),
    "migrate": ("old", ["status"]),
    "train": ("viewed", ["train", "probe", "--view", "lean", "max_epochs=2", "batch_size=4"]),
}
"""Verbs that write: the stage each starts from, and the command."""

_TABLES = "lancedb lance soundfile echodex.cli echodex.api echodex.store.embedding echodex.store.ingest"
_VECTORS = "sklearn.cluster hdbscan faiss echodex.indexing.index.build echodex.pruning.plan echodex.pruning.cluster"
_TRAINING = "torch lightning.pytorch torch.utils.tensorboard echodex.training.fit echodex.training.probe"
_LIGHT = ("add", "embed", "add and embed", "import", "materialise", "remove", "decisions")


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code (minus a signal where one killed it), what it said on stderr, and how many
    file operations it made before it ended by itself.
    """

    code: int
    said: str
    operations: int = 0


class Bench:
    """The stores that `verbs` start from, below `folder`. Imports what they need, before anything is forked."""

    def __init__(self, folder: Path, verbs: Collection[str]) -> None:
        needed = [_TABLES, _VECTORS if set(verbs) - set(_LIGHT) else "", _TRAINING if "train" in verbs else ""]
        self._tried: set[str] = set()
        self._import(" ".join(needed).split())
        self.folder = folder
        self._names = _make_audio(folder)
        for verb in verbs:
            self._stage(VERBS[verb][0])

    def begin(self, verb: str, name: str, folder: Path | None = None) -> Path:
        """Return a store called `name` (in `folder`), a copy of the one that `verb` starts from."""
        store = (folder or self.folder) / name
        shutil.rmtree(store, ignore_errors=True)
        self._copy(VERBS[verb][0], store)
        return store

    def run(self, store: Path, verb: str, at: int = 0, error: int = KILL, **armed: Any) -> Outcome:
        """Run `verb` on a store; its file operation `at` fails with `error`, or kills it. armed: see faults.arm."""
        return self.call(store, VERBS[verb][1], at, error, **armed)

    def call(self, store: Path, arguments: Sequence[str], at: int = 0, error: int = KILL, **armed: Any) -> Outcome:
        """Run a command line on a store."""
        output, counted = self.folder / "output", self.folder / "counted"

        def work() -> int:
            with _speaking_into(output):
                faults.arm(store, at, error, **armed)
                code = self._echodex(store, arguments)
                counted.write_text(str(faults.disarm()))
                return code

        counted.write_text("0")
        code = faults.in_child(work)
        return Outcome(code, output.read_text(), int(counted.read_text()))

    def whole(self, verb: str, kinds: Kind = ANY) -> tuple[dict[str, Any], int]:
        """Return what a store holds after `verb`, undisturbed, and how many file operations of `kinds` that took."""
        store = self.begin(verb, "whole")
        outcome = self.run(store, verb, kinds=kinds)
        assert outcome.code == 0, (verb, outcome)
        return self.complete(store, None)[0], outcome.operations

    def complete(self, store: Path, verb: str | None) -> tuple[dict[str, Any], Outcome, dict[str, Any]]:
        """Return what a store holds, how `verb` (None: no verb) ends on it, and what it holds then, in one process.

        What cannot be read has an "error" instead.
        """
        output, told, modules = self.folder / "output", self.folder / "told.json", self.folder / "modules"

        def work() -> None:
            before = _read(store)
            with _speaking_into(output):
                code = self._echodex(store, VERBS[verb][1]) if verb else 0
            told.write_text(json.dumps([before, code, _read(store)]))
            modules.write_text("\n".join(sys.modules))

        assert faults.in_child(work) == 0, output.read_text()
        self._import(modules.read_text().split())
        before, code, after = json.loads(told.read_text())
        return before, Outcome(code, output.read_text()), after

    def _import(self, names: Iterable[str]) -> None:
        """Import what children have imported, so that the next ones need not."""
        for name in names:
            if name not in self._tried and name not in sys.modules:
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
            self._tried.add(name)

    def _echodex(self, store: Path, arguments: Sequence[str]) -> int:
        from echodex.cli import main

        words = [self._names.get(word, word) for word in arguments]
        sys.argv = ["echodex", "--store", str(store), "--quiet", *words]
        try:
            main()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        return 0

    def _stage(self, stage: str) -> None:
        if stage == "nothing" or (self.folder / stage).exists():
            return
        if stage == "old":
            from .golden import unpack

            unpack(1, self.folder).rename(self.folder / stage)
            return
        before, arguments = STAGES[stage]
        self._stage(before)
        self._copy(before, self.folder / stage)
        outcome = self.call(self.folder / stage, arguments)
        assert outcome.code == 0, (stage, outcome)
        if stage == "damaged":
            _damage(self.folder / stage)

    def _copy(self, stage: str, to: Path) -> None:
        if stage != "nothing":
            shutil.copytree(self.folder / stage, to)


def _read(store: Path) -> dict[str, Any]:
    """Return what a store holds, nothing where there is none yet; under "error", why it cannot be read."""
    if not (store / "echodex.json").exists():
        return {}
    try:
        return holdings(store)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


@contextlib.contextmanager
def _speaking_into(path: Path) -> Iterator[None]:
    """Send stdout nowhere and stderr into a file."""
    with Path(os.devnull).open("wb") as nowhere, path.open("wb") as file:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    yield
    sys.stdout.flush()
    sys.stderr.flush()


def _damage(store: Path) -> None:
    """Flip a bit of a vector and one of an index, and leave a torn file."""
    for path in [next(store.glob("vectors_*/data/*.lance")), next(store.glob("indexes/*/*.faiss"))]:
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
    (store / ".views.json.0.tmp").write_bytes(b"torn")


def _make_audio(folder: Path) -> dict[str, str]:
    """Write short clips of two kinds, labels, splits and vectors; return what the words of the commands stand for."""
    import soundfile

    from echodex.testing.tones import tone

    random = np.random.default_rng(0)
    audio = folder / "audio"
    audio.mkdir()
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["path", "label", "split"])
    for number in range(CLIPS):
        low = number % 2 == 0
        samples = tone((300 if low else 2000) + 20 * number, 0.25, RATE_HZ) + 0.01 * random.standard_normal(2000)
        soundfile.write(audio / f"{number:02}.wav", samples, RATE_HZ)
        rows.writerow([f"audio/{number:02}.wav", "low" if low else "high", "valid" if number % 4 > 1 else "train"])
    shutil.copyfile(audio / "00.wav", audio / "copy.wav")
    shutil.copytree(audio, folder / "moved")
    (folder / "labels.csv").write_text(table.getvalue())
    np.save(folder / "vectors.npy", random.standard_normal((CLIPS, 8)).astype(np.float32))
    (folder / "ids.txt").write_text("".join(f"{audio / f'{number:02}.wav'}\n" for number in range(CLIPS)))
    return {
        "AUDIO": str(audio),
        "LABELS": str(folder / "labels.csv"),
        "VECTORS": str(folder / "vectors.npy"),
        "IDS": str(folder / "ids.txt"),
        "MOVED": str(folder / "moved"),
        "FIRST": str(audio / "03.wav"),
        "SECOND": str(audio / "06.wav"),
    }
