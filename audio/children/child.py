"""The parent's side of one child: asks it, waits for no more than a limit, and says of what it died."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from ...errors import EchodexError
from ...schemas.arrays import Float32
from ...schemas.condition import Reason
from ...schemas.read_json import read_json
from ..unusable import Unusable
from .protocol import ALIVE, END, HEADER, MAX_JSON_BYTES, SAMPLE_BYTES, SAMPLES, Request
from .tied import Tied

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
        self._tied = Tied(_WORKER)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # there is a limit to what one user's pipes hold
                fcntl.fcntl(self._tied.replies, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
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
        return self._tied.alive

    def ask(self, request: Request, take: Take) -> dict[str, Any]:
        """Return what the child ends its reply with; `take` gets the samples before.

        Raises Unusable where the file is what it died of, or where nothing comes for `limits.wait_s`; Died where
        somebody else ended it.
        """
        try:
            self._tied.requests.write(request.line())
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
        self._tied.end()

    def _begin(self) -> None:
        if not (self._tied.speaks(START_S) and self._tied.is_ready()):
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
            if not self._tied.speaks(request.limits.wait_s):
                raise Unusable(request.path, Reason.TIMEOUT, f"nothing was decoded for {request.limits.wait_s:g} s")
            count = os.readv(self._tied.replies.fileno(), [rest, self._buffer])
            if not count:
                raise self._death(request)
            self._held = self._buffer[: max(count - len(rest), 0)]
            rest = rest[count:]
        return found

    def _death(self, request: Request) -> Exception:
        code = self._tied.wait(START_S)
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if code == -signal.SIGXCPU:
            spent = f"more than {request.limits.cpu_s:g} s of processor time, and as much for every hour of sound"
            return Unusable(request.path, Reason.TIMEOUT, f"decoding it took {spent}")
        if code in (0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT):
            return Died(name)
        return Unusable(request.path, Reason.CRASHED, f"the process that decoded it died ({name})")
