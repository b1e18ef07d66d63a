"""Running a network over windows: the same vectors whatever the other windows are and however many threads run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import nn

from ..audio.threads import in_threads
from ..schemas.vector import Float32

BYTES_PER_SAMPLE = 1100
"""Device memory that a network is counted to take per sample at its widest; SampleCNN takes half of it."""

MAX_BATCH = 256


def forward_each(network: nn.Module, windows: Sequence[Float32]) -> Float32:
    """Return float32[len(windows), d]: `network` (float32[b, 1, n] to [b, d], in eval mode) of each window float32[n].

    On a CPU each window goes alone through one thread, as many at once as torch has threads. On CUDA windows of equal
    length go together, in full float32, so that both devices fill one space.
    """
    device = next(network.parameters()).device
    if device.type == "cpu":
        rows = in_threads(lambda window: _forward(network, device, [window]), windows)
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
