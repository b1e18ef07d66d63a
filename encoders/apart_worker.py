"""What answers `apart`: computes a function of a module for the waveforms that come on stdin, until they end or stay
away. `python -m` runs it, with the number of the pipe that ties it to its parent, the module and the function.
"""

from __future__ import annotations

import os
import select
import sys
from importlib import import_module

import numpy as np

from ..audio.children.bounds import end_with_parent
from ..audio.children.protocol import HEADER, READY, SAMPLE_BYTES, SAMPLES, frame, take_stdout, write
from ..schemas.arrays import Float32

IDLE_S = 20.0
"""After so long without a waveform it ends: what it holds is somebody else's memory."""


def send(pipe: int, numbers: Float32) -> None:
    """Write float32[n]. Raises OSError where nobody reads."""
    write(pipe, frame(SAMPLES, np.ascontiguousarray(numbers, np.float32).view(np.uint8).data))


def receive(pipe: int) -> Float32 | None:
    """Return float32[n] as `send` wrote it, None where the other side is gone."""
    head = bytearray(HEADER.size)
    if not _filled(pipe, memoryview(head)):
        return None
    numbers = np.empty(HEADER.unpack(head)[1] // SAMPLE_BYTES, np.float32)
    return numbers if _filled(pipe, memoryview(numbers.view(np.uint8).data)) else None


def _filled(pipe: int, rest: memoryview) -> bool:
    while len(rest):
        count = os.readv(pipe, [rest])
        if not count:
            return False
        rest = rest[count:]
    return True


def main() -> None:
    """Answer waveforms until there are no more."""
    lifeline, module, name = sys.argv[1:]
    replies = take_stdout()
    if not end_with_parent(int(lifeline)):
        return
    describe = getattr(import_module(module), name)
    write(replies, frame(READY))
    while select.select([0], [], [], IDLE_S)[0] and (waveform := receive(0)) is not None:
        send(replies, describe(waveform))


if __name__ == "__main__":
    main()
