"""P20, P21, P22, P24, P29: every verb of the command line, said once, in a process under watch.

It runs under umask 000, with secrets in its environment, without a network, in folders that were empty before.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import journey
from harness.promise import Promise

from echodex.cli import cli

NETWORK = Path(journey.__file__).with_name("network.c")
REFUSED = 3
"""Of the last verbs, that cannot be done."""


@dataclass(frozen=True)
class Travelled:
    """What came of the journey: the folder, the verbs, what was printed, and what asked for the network."""

    folder: Path
    steps: list[journey.Step]
    printed: bytes
    asked: list[str]
    processes: list[str]

    @property
    def files(self) -> Iterator[Path]:
        """Everything that was written, but for the corpus."""
        for place in ("library", "out", "home", "here", "temporary"):
            yield from (path for path in (self.folder / place).rglob("*") if not path.is_symlink())


def shim(folder: Path) -> dict[str, str]:
    """Compile the library that refuses the network; return the environment that loads it, empty without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return {}
    library = folder / "network.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, NETWORK, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "NETWORK_LOG": str(folder / "network.log")}


def processes_of(session: int) -> list[str]:
    """Return the processes of a session that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(text)
    return found


@pytest.fixture(scope="module")
def travelled(tmp_path_factory: pytest.TempPathFactory) -> Travelled:
    """The journey, once for all tests of this file."""
    if not Path("/proc/self/task").exists():
        pytest.skip("looks at processes through /proc")
    folder = tmp_path_factory.mktemp("journey")
    network = shim(folder)
    for name in ("home", "here", "temporary"):
        (folder / name).mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("PROXY")}
    own = {"HOME": folder / "home", "TMPDIR": folder / "temporary", "ECHODEX_STORE": "", "PYTHONWARNINGS": "default"}
    told = kept | journey.SECRETS | {name: str(value) for name, value in own.items()} | network
    process = subprocess.Popen(
        [sys.executable, journey.__file__, str(folder)],
        cwd=folder / "here",
        env=told,
        umask=0,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed[-3000:].decode(errors="replace")
    steps = [journey.Step(**step) for step in json.loads((folder / "journey.json").read_text())]
    log = folder / "network.log"
    asked = log.read_text().splitlines() if log.exists() else []
    return Travelled(folder, steps, printed, asked, processes_of(process.pid))


def test_the_journey_says_the_verbs_that_there_are(travelled: Travelled) -> None:
    said = {step.words[2] for step in travelled.steps}
    interactive = {"explore", "demo", "identify"}  # a server, a tour of the others, a network of its own
    assert set(cli.commands) - said == interactive


@pytest.mark.promise("P22")
def test_every_verb_works_offline(travelled: Travelled, promise: Promise) -> None:
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler (cc) for the library that refuses the network")
    for step in travelled.steps[:-REFUSED]:
        promise.trial(step.code in (0, 3), f"{' '.join(step.words[2:])} ended with {step.code}")
    outward = [line for line in travelled.asked if not line.startswith("loopback")]
    promise.trial(not outward, f"the network was asked for: {outward[:5]}")


@pytest.mark.promise("P20")
def test_what_is_written_is_its_owners_alone(travelled: Travelled, promise: Promise) -> None:
    store = travelled.folder / "library"
    promise.trial(stat.S_IMODE(store.stat().st_mode) == 0o700, "the store is not 0700")
    lance = re.compile(r"\.lance(/|$)")  # Lance makes its files by the umask: the folder around them keeps others out
    for path in store.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not lance.search(str(path.relative_to(store))):
            wanted = 0o700 if path.is_dir() else 0o600
            promise.trial(mode == wanted, f"{path.relative_to(store)} is {mode:o}, not {wanted:o}")


@pytest.mark.promise("P20")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_another_user_reads_nothing(travelled: Travelled, promise: Promise) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders would keep others out already
        Path(folder).chmod(0o755)
        store = Path(shutil.copytree(travelled.folder / "library", Path(folder) / "library"))
        paths = [
            store,
            store / "echodex.json",
            *sorted(store.rglob("*.lance"))[:3],
            *sorted(store.rglob("*.manifest"))[:3],
        ]
        for path in paths:
            command = ["ls" if path.is_dir() else "cat", str(path)]
            done = subprocess.run(command, user=65534, group=65534, extra_groups=[], capture_output=True, check=False)
            promise.trial(done.returncode != 0, f"another user could read {path.relative_to(store)}")
        outside = subprocess.run(["ls", folder], user=65534, group=65534, extra_groups=[], check=False)
        assert outside.returncode == 0, "the user is one who can list other folders"


@pytest.mark.promise("P21")
def test_no_secret_of_the_environment_is_written(travelled: Travelled, promise: Promise) -> None:
    secrets = {*journey.SECRETS.values(), "proxy-secret", str(travelled.folder / "home")}
    for secret in secrets:
        promise.trial(secret.encode() not in travelled.printed, f"{secret} was printed")
    for path in travelled.files:
        if path.is_file():
            content = path.read_bytes()
            for secret in secrets:
                promise.trial(secret.encode() not in content, f"{path} holds {secret}")


@pytest.mark.promise("P29")
def test_nothing_is_left_behind(travelled: Travelled, promise: Promise) -> None:
    for step in travelled.steps:
        promise.trial(not step.left, f"{' '.join(step.words[2:])} left {step.left[:5]}")
    promise.trial(not travelled.processes, f"still there: {travelled.processes}")
    for name in ("here", "temporary"):
        found = (path for path in (travelled.folder / name).iterdir())
        odd = [str(path) for path in found if not path.name.startswith(journey.TORCHS_OWN)]
        promise.trial(not odd, f"left in the {name} folder: {odd[:5]}")


@pytest.mark.promise("P24")
def test_what_cannot_be_done_is_said_in_a_sentence(travelled: Travelled, promise: Promise) -> None:
    codes = [step.code for step in travelled.steps[-REFUSED:]]
    promise.trial(codes == [66, 66, 2], f"exit codes {codes}")
    promise.trial(b"Traceback" not in travelled.printed, "a traceback was printed")
    promise.trial(b"internal:" not in travelled.printed, "an internal error was printed")
