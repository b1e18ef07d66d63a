"""The parent's side of one child: asks it, waits for no more than a limit, and says of what it died."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, cast

import numpy as np

from ...errors import EchodexError
from ...schemas.arrays import Float32
from ...schemas.condition import Reason
from ...schemas.read_json import read_json
from ..unusable import Unusable
from .protocol import ALIVE, END, HEADER, MAX_JSON_BYTES, READY, SAMPLE_BYTES, SAMPLES, Request

START_S = 120.0
"""How long a child may take to begin: on a machine that is short of memory, much longer than the usual 0.2 s."""

_PIPE_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 16
_WORKER = f"{__package__}.worker"

Take = Callable[[Float32], None]
"""Takes samples float32[n] as they come."""


class Died(Exception):
    """The child is gone, and not by its own doing: another one may well answer."""


class Child:
    """A process that decodes. Not for several threads at once; after any error, `end` it: it may be out of step."""

    def __init__(self) -> None:
        """Start it, which takes about 0.2 s. Raises EchodexError where that fails."""
        paths = [path for path in sys.path if path]  # as those that spawn do; -P: never the current folder
        quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
        theirs, ours = os.pipe()
        self._lifeline = os.fdopen(ours, "wb", 0)
        try:
            self._process = subprocess.Popen(  # noqa: S603  (nothing in it comes from outside)
                [sys.executable, "-P", "-m", _WORKER, str(theirs)],
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
        self._requests = cast(IO[bytes], self._process.stdin)
        self._replies = cast(IO[bytes], self._process.stdout)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # there is a limit to what one user's pipes hold
                fcntl.fcntl(self._replies, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._held = self._buffer[:0]
        try:
            self._begin()
        except BaseException:
            self.end()
            raise

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ask(self, request: Request, take: Take) -> dict[str, Any]:
        """Return what the child ends its reply with; `take` gets the samples before.

        Raises Unusable where the file is what it died of, or where nothing comes for `limits.wait_s`; Died where
        somebody else ended it.
        """
        try:
            self._requests.write(request.line())
        except BrokenPipeError:
            raise self._death(request) from None
        left = request.max_samples
        while True:
            kind, length = self._header(request)
            if kind == END and length <= MAX_JSON_BYTES:
                return self._told(length, request)
            if kind == SAMPLES and length % SAMPLE_BYTES == 0 and length // SAMPLE_BYTES <= left:
                left -= length // SAMPLE_BYTES
                take(self._read(length, request).view(np.float32))
            elif kind != ALIVE or length:
                raise Unusable(request.path, Reason.CRASHED, "the process that decoded it talked nonsense")

    def _told(self, length: int, request: Request) -> dict[str, Any]:
        with suppress(ValueError):
            told = read_json(self._read(length, request).tobytes())
            if isinstance(told, dict):
                return told
        raise Unusable(request.path, Reason.CRASHED, "the process that decoded it talked nonsense")

    def end(self) -> None:
        """End it now, whatever it is doing."""
        with suppress(BrokenPipeError):
            self._requests.close()
        self._process.kill()
        self._process.wait()
        self._replies.close()
        self._lifeline.close()

    def _begin(self) -> None:
        came = os.read(self._replies.fileno(), HEADER.size) if self._poll.poll(START_S * 1000) else b""
        if came != HEADER.pack(READY, 0):
            raise EchodexError(
                f"a process that decodes audio could not be started; check that "
                f"`{sys.executable} -P -c 'import {_WORKER}'` runs"
            )

    def _header(self, request: Request) -> tuple[bytes, int]:
        kind, length = HEADER.unpack(self._read(HEADER.size, request).tobytes())
        return kind, length

    def _read(self, length: int, request: Request) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return uint8[length] from the pipe, with what came after it kept: every call of the system costs a turn."""
        found = np.empty(length, dtype=np.uint8)
        held = self._held[:length]
        self._held = self._held[length:]
        found[: len(held)] = held
        rest = found.data[len(held) :]
        while len(rest):
            if not self._poll.poll(request.limits.wait_s * 1000):
                raise Unusable(request.path, Reason.TIMEOUT, f"nothing was decoded for {request.limits.wait_s:g} s")
            count = os.readv(self._replies.fileno(), [rest, self._buffer])
            if not count:
                raise self._death(request)
            self._held = self._buffer[: max(count - len(rest), 0)]
            rest = rest[count:]
        return found

    def _death(self, request: Request) -> Exception:
        try:
            code = self._process.wait(START_S)
        except subprocess.TimeoutExpired:  # it closed its pipe and lives on
            self._process.kill()
            code = self._process.wait()
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if code == -signal.SIGXCPU:
            spent = f"more than {request.limits.cpu_s:g} s of processor time, and as much for every hour of sound"
            return Unusable(request.path, Reason.TIMEOUT, f"decoding it took {spent}")
        if code in (0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT):
            return Died(name)
        return Unusable(request.path, Reason.CRASHED, f"the process that decoded it died ({name})")
