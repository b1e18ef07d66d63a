"""What a microphone hears, block by block, until the caller stops. It needs the optional package sounddevice."""

from __future__ import annotations

import importlib
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import Unavailable
from ..schemas.arrays import Float32

BLOCK_S = 0.25


@contextmanager
def microphone() -> Iterator[tuple[Iterator[Float32], int]]:
    """Yield the blocks float32[n], mono, of the default input device and its sample rate in Hz.

    Raises Unavailable where sounddevice is not installed or there is no input device.
    """
    sounddevice = _sounddevice()
    waiting: queue.Queue[Float32] = queue.Queue()

    def take(samples: Float32, *_: object) -> None:
        waiting.put(np.ascontiguousarray(samples[:, 0]))

    def blocks() -> Iterator[Float32]:
        while True:
            yield waiting.get()

    try:
        rate_hz = round(sounddevice.query_devices(kind="input")["default_samplerate"])
        stream = sounddevice.InputStream(
            samplerate=rate_hz, channels=1, dtype="float32", blocksize=round(BLOCK_S * rate_hz), callback=take
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise Unavailable(f"no microphone can be opened: {error}; connect one, or give a file or -") from error
    with stream:
        yield blocks(), rate_hz


def _sounddevice() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:  # OSError where the PortAudio library is missing
        raise Unavailable(
            "--microphone needs the package sounddevice and its PortAudio library, which cannot be loaded: "
            "`pip install 'echodex[microphone]'`"
        ) from error
