"""A function that is computed in processes of its own; a waveform tells what it does to them."""

from __future__ import annotations

import os
import signal

import numpy as np

from echodex.schemas.arrays import Float32

FAILS, DIES = -1.0, -2.0
"""First numbers of waveforms that raise an error, and that kill whatever process is not HOME."""

HOME = "DESCRIBED_AT_HOME"
"""The variable of the environment that has the number of the process that lives."""


def describe(waveform: Float32) -> Float32:
    """Return the sum of a waveform."""
    first = waveform[0] if len(waveform) else 0.0
    if first == FAILS:
        raise ValueError("no number below 0")
    if first == DIES and os.environ[HOME] != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    return np.array([waveform.sum()], np.float32)
