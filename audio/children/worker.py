"""The child: takes requests from stdin and answers on stdout until stdin ends. `python -m` runs it, with the number of
the pipe that ties it to its parent.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import Any

import numpy as np

from ...errors import NotFound
from ...schemas.arrays import Float32
from ...schemas.condition import Reason, Status
from ..clip import decode_clip, read_mono
from ..decode import open_audio
from ..downmix import PhaseMeter, mix
from ..mono import Span, pull
from ..resample import Resampler
from ..tags import read_tags
from ..unusable import Unusable
from .bounds import Bounds, end_with_parent
from .protocol import ALIVE, READY, Request, Task, end_frame, frame, read_request, samples_frame, take_stdout, write

SIGN_OF_LIFE_S = 0.5
"""How often the parent hears that blocks still come."""


def main() -> None:
    """Answer requests until there are no more."""
    replies = take_stdout()
    bounds = Bounds()
    if not end_with_parent(int(sys.argv[1])):
        return
    write(replies, frame(READY))
    while line := sys.stdin.buffer.readline():
        answer = _Answer(replies, bounds)
        told = answer.to(read_request(line))
        write(replies, samples_frame(answer.waveform) + end_frame(told))
        if bounds.outgrown():
            return


class _Answer:
    """Makes the answer to one request: `waveform`, float32[n], and what ends the reply. Sends a stream itself."""

    def __init__(self, replies: int, bounds: Bounds) -> None:
        self._replies = replies
        self._bounds = bounds
        self._told_s = time.monotonic()
        self.waveform: Float32 = np.empty(0, dtype=np.float32)

    def to(self, request: Request) -> dict[str, Any]:
        """Return what to end the reply with."""
        self._bounds.begin(request)
        try:
            return {
                Task.JUDGE: self._judge,
                Task.MONO: self._mono,
                Task.STREAM: self._stream,
                Task.LENGTH: self._length,
            }[request.task](request)
        except Unusable as error:
            return {"unusable": [error.reason, error.detail]}
        except NotFound as error:
            return {"not_found": str(error)}
        except MemoryError:
            size_mb = request.limits.memory_bytes >> 20
            return {"unusable": [Reason.TOO_LARGE, f"decoding it takes more than {size_mb} MiB of memory"]}
        except Exception as error:  # of a decoder: this file is what provoked it
            return {"unusable": [Reason.CRASHED, f"{type(error).__name__}: {error}"[:500]]}

    def _judge(self, request: Request) -> dict[str, Any]:
        found = decode_clip(
            request.path,
            offset_s=request.offset_s,
            duration_s=request.duration_s,
            sample_rate_hz=request.sample_rate_hz,
            limits=request.limits,
            tap=self._heard,
        )
        tags = read_tags(request.path) if found.status != Status.BAD else {}
        if found.waveform is not None:
            self.waveform = found.waveform
        return {"decoded": vars(found) | {"waveform": None}, "tags": tags}

    def _mono(self, request: Request) -> dict[str, Any]:
        self.waveform = read_mono(
            request.path,
            request.sample_rate_hz or 0,
            offset_s=request.offset_s,
            duration_s=request.duration_s,
            limits=request.limits,
            tap=self._heard,
        )
        return {}

    def _stream(self, request: Request) -> dict[str, Any]:
        signs = None if request.signs is None else np.array(request.signs, dtype=np.float32)
        with closing(open_audio(request.path, request.limits)) as reader:
            phase = PhaseMeter(reader.channels)
            resampler = Resampler(reader.sample_rate_hz, request.sample_rate_hz or reader.sample_rate_hz)

            def tap(block: Float32) -> None:
                self._heard(block)
                if not np.isfinite(block).all():
                    raise Unusable(request.path, Reason.NON_FINITE, "it holds NaN or infinite samples")
                phase.add(block)
                write(self._replies, samples_frame(resampler.push(mix(block, signs))))

            broken = pull(reader, Span(request.path, request.offset_s, request.duration_s), request.limits, [tap])
            write(self._replies, samples_frame(resampler.finish()))
            return {"broken": broken, "signs": phase.signs().tolist()}

    def _length(self, request: Request) -> dict[str, Any]:
        with closing(open_audio(request.path, request.limits)) as reader:
            return {"length_s": reader.length_s}

    def _heard(self, block: Float32) -> None:
        self._bounds.decoded(block.size)
        now_s = time.monotonic()
        if now_s - self._told_s > SIGN_OF_LIFE_S:
            self._told_s = now_s
            write(self._replies, frame(ALIVE))


if __name__ == "__main__":
    main()
