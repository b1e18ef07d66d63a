"""A store on object storage: every verb works, writers at once lose nothing, and a server that fails now and then costs
time and nothing else. The oracle is the same work on a local disk.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from harness import journey
from harness.flaky import Fault, Flaky
from harness.holdings import holdings
from harness.object_store import KEY_ID, SECRET, environment
from harness.promise import Promise

from echodex.api import Store, train
from echodex.cli import cli
from echodex.errors import StorageError
from echodex.store import ingest
from echodex.store.remote import settings
from echodex.store.remote.objects import Objects

pytestmark = pytest.mark.usefixtures("remote")

REFUSED = 3
LONG_S = 600

ADD = """
import sys
from echodex.api import Store
from echodex.store import embedding, ingest
library, *files = sys.argv[1:]
ingest.COMMIT_CLIPS = embedding.COMMIT_CLIPS = 5
store = Store.open(library)
print("READY", flush=True)
sys.stdin.readline()
store.add(*files, embed="dummy")
"""


def process(remote_environment: dict[str, str], folder: Path, *command: str) -> subprocess.Popen[str]:
    """Start a process as another machine would: with folders of its own, for temporary files and a cache, too."""
    own = {"HOME": folder / "home", "TMPDIR": folder / "temporary", "ECHODEX_CACHE": folder / "cache"}
    for path in (folder / "here", *own.values()):
        path.mkdir(parents=True, exist_ok=True)
    told = os.environ | remote_environment | {name: str(path) for name, path in own.items()}
    return subprocess.Popen(
        [sys.executable, *command],
        env=told,
        cwd=folder / "here",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def at_once(writers: list[subprocess.Popen[str]]) -> list[str]:
    """Let writers that are ready begin together; return what each printed by its end."""
    for writer in writers:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == "READY\n"
    for writer in writers:
        print("go", file=writer.stdin, flush=True)
    return [writer.communicate(timeout=LONG_S)[0] for writer in writers]


@pytest.mark.slow
@pytest.mark.promise("P24")
def test_every_verb_works_on_object_storage(object_server: str, remote: str, tmp_path: Path, promise: Promise) -> None:
    done = process(environment(object_server), tmp_path / "machine", journey.__file__, str(tmp_path), remote)
    printed, _ = done.communicate(timeout=LONG_S)
    assert done.returncode == 0, printed[-3000:]
    steps = [journey.Step(**step) for step in json.loads((tmp_path / "journey.json").read_text())]
    said = {step.words[2] for step in steps}
    assert set(cli.commands) - said == {"explore", "demo", "identify"}
    for step in steps[:-REFUSED]:
        promise.trial(step.code in (0, 3), f"{' '.join(step.words[2:])} ended with {step.code}")
        promise.trial(not step.left, f"{' '.join(step.words[2:])} left {step.left[:3]}")
    promise.trial([step.code for step in steps[-REFUSED:]] == [66, 66, 2], "what cannot be done is told")
    promise.trial("Traceback" not in printed, "a traceback was printed")
    check_secrets(printed, tmp_path, remote, promise)


def check_secrets(printed: str, folder: Path, remote: str, promise: Promise) -> None:
    """Try whether a credential was printed, or written into a file or an object."""
    objects = Objects(remote)
    written = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
    written |= {name: objects.read(name) or b"" for name in objects.below()} | {"stdout": printed.encode()}
    for where, content in written.items():
        found = [secret for secret in (KEY_ID, SECRET) if secret.encode() in content]
        promise.trial(not found, f"{where} holds {found}")


@pytest.mark.promise("P3")
def test_writers_of_several_machines_lose_and_double_nothing(
    object_server: str, remote: str, tmp_path: Path, promise: Promise
) -> None:
    journey.corpus(tmp_path)
    files = [str(path) for path in sorted((tmp_path / "audio").glob("[0-9]*.wav"))]
    writers = []
    for number in range(2):
        shuffled = random.Random(number).sample(files, len(files))
        folder = tmp_path / f"machine{number}"
        writers.append(process(environment(object_server), folder, "-c", ADD, remote, *shuffled))
    told = at_once(writers)
    promise.trial(not any(writer.returncode for writer in writers), f"a writer failed: {told}")
    found = holdings(remote)
    clips = [clip_id for clip_id, _ in found["clips"]]
    promise.trial(len(clips) == len(set(clips)), "a clip is there twice")
    promise.trial(len(set(clips)) == len(files), f"{len(set(clips))} of {len(files)} clips are there")
    vectors = [clip_id for name, rows in found.items() if name.startswith("vectors_") for clip_id, _ in rows]
    promise.trial(sorted(vectors) == sorted(clips), "vectors are missing or there twice")
    promise.trial(not found["damage"], f"{found['damage']}")


class Trouble:
    """What befalls one request in `every`, by turns and by chance: each kind of fault, or only those in `kinds`."""

    def __init__(self, every: int, seed: int, kinds: tuple[Fault, ...] = tuple(Fault)) -> None:
        self._random = random.Random(seed)
        self._every = every
        self._kinds = [kind for kind in kinds if kind is not Fault.NONE]

    def __call__(self, method: str, path: str) -> Fault:
        """Return what befalls a request."""
        return self._random.choice(self._kinds) if self._random.random() * self._every < 1 else Fault.NONE


def whole_flow(place: str, folder: Path) -> dict[str, Any]:
    """Do what people do with a store, from adding clips to removing one; return what it holds then."""
    store = Store.open(place)
    store.add(folder / "audio", labels=folder / "labels.csv", embed="dummy")
    store.materialise(sample_rate_hz=8000)
    store.build_index("flat")
    store.duplicates(min_score=0.98)
    store.cluster(min_cluster_size=3)
    store.prune("random", keep=0.5, seed=1).save("lean")
    assert sum(1 for _ in store.view("lean").loader(batch_size=4, seconds=0.5))
    train("probe", store=store, name="taught", max_epochs=1)
    store.remove(store.clips(["clip_id"]).column(0).to_pylist()[:1])
    assert not [one for one in store.check(data=True).findings if one.grave]
    return holdings(place)


@pytest.mark.slow
@pytest.mark.promise("P2")
def test_a_server_that_fails_now_and_then_loses_nothing(
    remote: str, flaky: Flaky, tmp_path: Path, promise: Promise
) -> None:
    journey.corpus(tmp_path)
    local = whole_flow(str(tmp_path / "library"), tmp_path)
    flaky.decide = Trouble(12, seed=1)
    there = whole_flow(remote, tmp_path)
    befell = sum(count for fault, count in flaky.faults.items() if fault is not Fault.NONE)
    assert befell > 20, "the server hardly failed"
    for part in local:
        promise.trial(there.get(part) == local[part], f"{part} is not what it is on a local disk")
    promise.trial(there.keys() == local.keys(), f"{there.keys() ^ local.keys()}")
    promise.figure("faults", befell)


@pytest.mark.promise("P24")
def test_a_server_that_goes_away_is_told_of_and_what_was_finished_stays(
    remote: str, flaky: Flaky, tmp_path: Path, promise: Promise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "TRIES", 2)
    monkeypatch.setattr(settings, "RETRY_S", 3)
    monkeypatch.setattr(ingest, "COMMIT_CLIPS", 5)
    journey.corpus(tmp_path)
    puts, broken = [0], [True]

    def decide(method: str, path: str) -> Fault:
        puts[0] += method == "PUT" and "clips.lance/_versions" in path
        return Fault.ERROR_BEFORE if broken[0] and puts[0] > 3 else Fault.NONE

    flaky.decide = decide
    result = CliRunner().invoke(cli, ["--quiet", "--store", remote, "add", str(tmp_path / "audio")])
    sentence = str(result.exception) if result.exception else ""
    promise.trial(isinstance(result.exception, StorageError), f"ended with {result.exception!r}")
    promise.trial("run the same command again" in sentence and remote in sentence, sentence)
    broken[0] = False
    clips = len(Store.open(remote).clips(["clip_id"]))
    promise.trial(0 < clips < 24, f"{clips} clips were finished")
    report = Store.open(remote).add(tmp_path / "audio")
    kept = Store.open(remote).clips(["clip_id"]).column(0).to_pylist()
    promise.trial(len(kept) == len(set(kept)) == 24, f"{len(kept)} of 24 clips")
    promise.trial(report.added == 24 + 1 - clips, f"{report.added} were added anew")  # one is bad
    promise.trial(not Store.open(remote).check(data=True).damaged, "the store is damaged")
