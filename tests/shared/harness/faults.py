"""Disks that fail and processes that die, at the N-th operation on the files below a folder (faults.c).

A test starts a worker process with `Shim.run`, which loads faults.c before libc; inside it, the worker arms and disarms
with `arm` and `disarm`, or wraps a verb in `attempt`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")
SHARED = SOURCE.parent.parent
KILL = 0
"""In the place of an errno: SIGKILL."""
KILLED = -signal.SIGKILL
RAISED = 200
"""What `in_child` returns where the work raised what nobody expects of it."""


class Kind(IntFlag):
    """Kinds of operations, as in faults.c."""

    OPEN = 1
    WRITE = 2
    SYNC = 4
    RENAME = 8
    LINK = 16
    UNLINK = 32
    MKDIR = 64
    LENGTH = 128


ANY = ~Kind(0)
ROOM = Kind.OPEN | Kind.WRITE | Kind.MKDIR | Kind.LENGTH | Kind.LINK
"""What a full disk refuses: it still renames and unlinks."""


@dataclass(frozen=True)
class Shim:
    """The compiled faults.c."""

    library: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that can be armed: it loads the library, and finds this package."""
        paths = os.pathsep.join(filter(None, [str(SHARED), os.environ.get("PYTHONPATH", "")]))
        return os.environ | {"LD_PRELOAD": str(self.library), "PYTHONPATH": paths}

    def start(self, script: str, *arguments: object, within: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start a worker that runs `script` with `arguments` as sys.argv[1:]; its stdout and stderr are pipes.

        within: the command that starts it, where it is not to be started by itself.
        """
        command = [*within, sys.executable, "-c", script, *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, script: str, *arguments: object, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a worker to its end, however it ends."""
        worker = self.start(script, *arguments)
        try:
            said, told = worker.communicate(timeout=timeout_s)
        finally:
            worker.kill()
            worker.wait()
        return subprocess.CompletedProcess(worker.args, worker.returncode, said, told)


def compiled(folder: Path) -> Shim | None:
    """Compile faults.c into `folder`; None where this is no Linux or has no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    library = folder / "faults.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return Shim(library)


# ------------------------------------------------------------------------------------------ inside a worker


def arm(
    folder: Path,
    at: int = 0,
    error: int = KILL,
    *,
    onwards: bool = False,
    kinds: Kind = ANY,
    journal: Path | None = None,
) -> None:
    """Count operations of `kinds` below `folder` from now on; operation `at` (the first is 1, 0: none) fails with the
    errno `error`, or kills this process.

    onwards: those after it fail as well. journal: a file that gets a line an operation, of any kind:
    "kind<tab>path<tab>other path", and "say" for each write to stdout.
    """
    where, told = os.fsencode(folder.resolve()), os.fsencode(journal) if journal else None
    _library().faults_arm(where, ctypes.c_long(at), error, int(onwards), int(kinds) & 0xFF, told)


def disarm() -> int:
    """Let all operations pass again; return how many there were."""
    return int(_library().faults_disarm())


def attempt(work: Callable[[], object]) -> Exception | None:
    """Do `work`, disarm, and return what it raised, None where it went well."""
    try:
        work()
    except Exception as error:
        return error
    finally:
        disarm()
    return None


def in_child(work: Callable[[], int | None]) -> int:
    """Do `work` in a forked child; return its exit code: what `work` returns (None: 0), RAISED where it raised and
    printed the traceback, or minus a signal.

    Saves a worker the import of everything, a few seconds, for each process it loses. The worker imports modules but
    opens no table before it forks: LanceDB's threads do not survive that.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
        if child == 0:
            code = RAISED
            try:
                code = work() or 0
            except BaseException:
                traceback.print_exc()
            finally:
                with contextlib.suppress(OSError):
                    sys.stdout.flush()
                    sys.stderr.flush()
                os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None)
    library.faults_disarm.restype = ctypes.c_long
    return library
