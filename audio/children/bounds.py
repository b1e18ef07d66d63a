"""What a child may use of the machine: memory, processor time, no files, no life of its own.

The kernel holds it to these, so that they hold where the decoder itself has gone astray.
"""

from __future__ import annotations

import fcntl
import math
import os
import resource
import select
from contextlib import suppress

from .protocol import SAMPLE_BYTES, Request, Task

HOUR_SAMPLES = 3600 * 48_000
"""Samples, of all channels, that count as an hour of decoding."""

OUTGROWN_BYTES = 256 << 20
"""A child whose memory has grown by this when it waits is let go: what decoders leak is not held against a file."""

_COPIES = 3
"""Of a waveform, while its pieces become one."""


class Bounds:
    """The limits of this process, which is a child; making one sets those that never change."""

    def __init__(self) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        self._base_bytes = _size_bytes()
        self._cpu_s = 0.0
        self._began_s = 0.0
        self._samples = 0

    def begin(self, request: Request) -> None:
        """Set what decoding the file of a request may use, beside the waveform that was asked for."""
        held = request.max_samples * SAMPLE_BYTES * _COPIES if request.task != Task.STREAM else 0
        _limit(resource.RLIMIT_AS, self._base_bytes + request.limits.memory_bytes + held if self._base_bytes else 0)
        self._cpu_s, self._began_s, self._samples = request.limits.cpu_s, _used_s(), 0
        self._allow()

    def decoded(self, samples: int) -> None:
        """Take note that so many samples came: each hour of them brings as much time again."""
        before, self._samples = self._samples, self._samples + samples
        if before * 60 // HOUR_SAMPLES < self._samples * 60 // HOUR_SAMPLES:  # not at every block
            self._allow()

    def outgrown(self) -> bool:
        """Whether this process has grown so much that another should go on."""
        return _size_bytes() > self._base_bytes + OUTGROWN_BYTES

    def _allow(self) -> None:
        allowed_s = self._cpu_s * (1 + self._samples / HOUR_SAMPLES)
        _limit(resource.RLIMIT_CPU, math.ceil(self._began_s + allowed_s))


def end_with_parent(lifeline: int) -> bool:
    """Let the kernel end this process once nobody holds the other end of the pipe `lifeline`, whatever it does then.

    Nothing may ever be written to that pipe: the signal that is asked for comes with data as well, and may come after
    the data was read. Returns whether the other end is still held.
    """
    with suppress(OSError):  # where the system cannot do it for pipes, it ends with the file that it decodes
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    return not select.select([lifeline], [], [], 0)[0]


def _limit(what: int, most: float) -> None:
    """Set a limit that can be set anew for the next file; 0 or infinity sets none."""
    hard = resource.getrlimit(what)[1]
    wanted = int(most) if most and math.isfinite(most) else resource.RLIM_INFINITY
    if hard != resource.RLIM_INFINITY and (wanted == resource.RLIM_INFINITY or wanted > hard):
        wanted = hard
    resource.setrlimit(what, (wanted, hard))


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _size_bytes() -> int:
    """Return the size of the address space of this process; 0 where the system does not tell."""
    try:
        descriptor = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)  # pathlib takes thrice as long
    except OSError:
        return 0
    try:
        return int(os.read(descriptor, 100).split()[0]) * resource.getpagesize()
    finally:
        os.close(descriptor)
