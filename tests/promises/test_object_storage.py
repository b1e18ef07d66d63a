"""A store on object storage: every verb works, writers at once lose nothing, and a server that fails now and then costs
time and nothing else. The oracle is the same work on a local disk.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from harness import journey
from harness.flaky import Fault, Flaky
from harness.holdings import holdings
from harness.object_store import KEY_ID, SECRET, environment
from harness.promise import Promise

from echodex.cli import cli
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
    """Start a process as another machine would: with a cache of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    told = os.environ | remote_environment | {"ECHODEX_CACHE": str(folder / "cache"), "HOME": str(folder)}
    return subprocess.Popen(
        [sys.executable, *command],
        env=told,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.promise("P24")
def test_every_verb_works_on_object_storage(
    object_server: str, remote: str, tmp_path: Path, promise: Promise
) -> None:
    done = process(environment(object_server), tmp_path / "here", journey.__file__, str(tmp_path), remote)
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
    for secret in (KEY_ID, SECRET):
        promise.trial(secret not in printed, f"{secret} was printed")
        written = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
        for path in written:
            promise.trial(secret.encode() not in path.read_bytes(), f"{path} holds {secret}")
        objects = Objects(remote)
        for name in objects.below():
            promise.trial(secret.encode() not in (objects.read(name) or b""), f"{name} holds {secret}")
