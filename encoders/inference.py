"""Running a network over windows: the same vectors whatever the other windows are and however many threads run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby

import numpy as np
import torch
from torch import nn

from ..schemas.vector import Float32

BYTES_PER_SAMPLE = 1100
"""Device memory that a network is counted to take per sample at its widest; SampleCNN takes half of it."""

MAX_BATCH = 256


def forward_each(network: nn.Module, windows: Sequence[Float32]) -> Float32:
    """Return float32[len(windows), d]: `network` (float32[b, 1, n] to [b, d], in eval mode) of each window float32[n].

    On a CPU each window goes alone through one thread, as many at once as torch has threads: the sums are then made in
    the same order whatever the number of threads, to the bit, and no thread waits for another. On CUDA windows of equal
    length go together, in full float32, so that both devices fill one space.
    """
    device = next(network.parameters()).device
    if device.type == "cpu":
        with _one_thread_each() as threads, ThreadPoolExecutor(threads) as pool:
            rows = list(pool.map(lambda window: _forward(network, device, [window]), windows))
    else:
        room = torch.cuda.mem_get_info(device)[0] // (2 * BYTES_PER_SAMPLE)
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            rows = [_forward(network, device, batch) for batch in batches(windows, room)]
    return np.concatenate(rows)


def batches(windows: Sequence[Float32], room: int) -> Iterator[list[Float32]]:
    """Yield the windows in order, in batches of equal length of at most `room` samples (but one window at least)."""
    for length, run in groupby(windows, key=len):
        size = max(1, min(MAX_BATCH, room // max(length, 1)))
        equal = list(run)
        for first in range(0, len(equal), size):
            yield equal[first : first + size]


def _forward(network: nn.Module, device: torch.device, batch: list[Float32]) -> Float32:
    block = torch.from_numpy(np.stack(batch, dtype=np.float32))
    with torch.inference_mode():  # a state of the thread, hence here
        rows: Float32 = network(block[:, None].to(device)).cpu().numpy()
    return rows


@contextmanager
def _one_thread_each() -> Iterator[int]:
    """Let each thread that starts inside compute alone; yield how many threads torch had, and give them back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
