"""A process of our own making that ends with this one: started, waited for, ended."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from typing import IO, cast

from .protocol import HEADER, READY


class Tied:
    """A process that runs a module with `main`, which says READY once it can be asked (worker.py shows how).

    Its first argument is the number of the pipe that ties it to this process; `requests` and `replies` are the others.
    Not for several threads at once.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        paths = [path for path in sys.path if path]  # as those that spawn do; -P: never the current folder
        quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
        theirs, ours = os.pipe()
        self._lifeline = os.fdopen(ours, "wb", 0)
        try:
            self._process = subprocess.Popen(  # noqa: S603  (nothing in it comes from outside)
                [sys.executable, "-P", "-m", module, str(theirs), *arguments],
                pass_fds=(theirs,),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=os.environ | quiet,
                start_new_session=True,  # Ctrl-C is for the parent alone
            )
        except BaseException:
            self._lifeline.close()
            raise
        finally:
            os.close(theirs)
        self.requests = cast(IO[bytes], self._process.stdin)
        self.replies = cast(IO[bytes], self._process.stdout)
        self._poll = select.poll()
        self._poll.register(self.replies, select.POLLIN)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def speaks(self, wait_s: float) -> bool:
        """Wait so long for something to read, or for the end of it; return whether there is."""
        return bool(self._poll.poll(wait_s * 1000))

    def is_ready(self) -> bool:
        """Return whether the first that it says, which is read now, is that it can be asked."""
        return os.read(self.replies.fileno(), HEADER.size) == HEADER.pack(READY, 0)

    def wait(self, wait_s: float) -> int:
        """Return the exit code of one that has closed its pipe; one that lives on for so long is killed."""
        try:
            return self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def end(self) -> None:
        """End it now, whatever it is doing."""
        with suppress(BrokenPipeError):
            self.requests.close()
        self._process.kill()
        self._process.wait()
        self.replies.close()
        self._lifeline.close()
