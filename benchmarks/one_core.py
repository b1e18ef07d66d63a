"""How fast an encoder is on one core, decoding not included."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from echodex.encoders.base import Encoder
from echodex.schemas.vector import Float32


def realtime_factor(encoder: Encoder, waveforms: Sequence[Float32], repeats: int = 3) -> float:
    """Seconds of audio per second of CPU time, from waveforms to vectors: the best of some repeats."""
    spent_s = []
    with one_core():
        for _ in range(repeats):
            began_s = time.process_time()
            encoder.encode(waveforms)
            spent_s.append(time.process_time() - began_s)
    return float(sum(len(waveform) for waveform in waveforms) / encoder.config.sample_rate_hz / min(spent_s))


@contextmanager
def one_core() -> Iterator[None]:
    """Hold the process to one core, where the system can, and torch to one thread."""
    import torch

    threads = torch.get_num_threads()
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    torch.set_num_threads(1)
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        if cores:
            os.sched_setaffinity(0, cores)
