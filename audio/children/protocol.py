"""What parent and child say to each other: a line of JSON down, frames up. Neither unpickles anything.

A request is one line. A reply is any number of frames of samples, then one of JSON; frames without content in between
say that decoding goes on. The parent believes no length that is beyond what it asked for.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from ...schemas.arrays import Float32
from ...schemas.read_json import read_json
from ..limits import DEFAULT_LIMITS, Limits

HEADER = struct.Struct("<cQ")
READY = b"R"
"""The child has imported what it needs. No content."""
ALIVE = b"."
"""A block was decoded. No content."""
SAMPLES = b"S"
"""float32 samples."""
END = b"E"
"""JSON: an object, or how it failed. The reply ends here."""

MAX_JSON_BYTES = 1 << 20
SAMPLE_BYTES = 4


class Task(StrEnum):
    """What a child can be asked for."""

    JUDGE = "judge"
    """`decode_clip`, and the tags of what is usable."""
    MONO = "mono"
    """`read_mono`."""
    STREAM = "stream"
    """The waveform piece by piece, however long."""
    LENGTH = "length"
    """The seconds that the header promises."""


@dataclass(frozen=True)
class Request:
    """What to do with which file; `signs` are those of its channels in a STREAM, where they are known."""

    task: Task
    path: str
    offset_s: float = 0.0
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    limits: Limits = DEFAULT_LIMITS
    signs: tuple[float, ...] | None = None

    def line(self) -> bytes:
        """Return the request as the line that `read_request` takes; names that are not UTF-8 survive it."""
        told = vars(self) | {"path": self.whole_path, "limits": vars(self.limits)}
        return json.dumps(told).encode() + b"\n"

    @property
    def whole_path(self) -> str:
        """Where the file is, wherever the child was started; no ".." is resolved, for it may follow a link."""
        return self.path if os.path.isabs(self.path) else os.path.join(os.getcwd(), self.path)  # noqa: PTH109, PTH117, PTH118

    @property
    def max_samples(self) -> float:
        """How many samples the waveform can have at most."""
        seconds = self.limits.max_decoded_s if self.duration_s is None else self.duration_s
        return (min(seconds, self.limits.max_decoded_s) + 1.0) * (self.sample_rate_hz or 0)


def take_stdout() -> int:
    """Return where replies go; what a library prints to stdout or stderr goes nowhere from now on, and in no reply."""
    replies = os.dup(1)
    with open(os.devnull, "r+b") as nowhere:  # noqa: PTH123  (a descriptor is all that is wanted)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    return replies


def read_request(line: bytes) -> Request:
    """Return the request in a line."""
    told = read_json(line)
    signs = told.pop("signs")
    limits, task = Limits(**told.pop("limits")), Task(told.pop("task"))
    return Request(task, **told, limits=limits, signs=None if signs is None else tuple(signs))


def frame(kind: bytes, content: bytes | memoryview = b"") -> list[bytes | memoryview]:
    """Return the parts of one frame."""
    return [HEADER.pack(kind, len(content)), content]


def samples_frame(samples: Float32) -> list[bytes | memoryview]:
    """Return the parts of a frame of float32[n]; none where n is 0."""
    return frame(SAMPLES, np.ascontiguousarray(samples).view(np.uint8).data) if len(samples) else []


def end_frame(told: dict[str, Any]) -> list[bytes | memoryview]:
    """Return the parts of the frame that ends a reply."""
    return frame(END, json.dumps(told).encode())


def write(fd: int, parts: list[bytes | memoryview]) -> None:
    """Write the parts of frames whole, at once where the pipe takes them: every write wakes the other side up."""
    rest = [memoryview(part) for part in parts if len(part)]
    while rest:
        sent = os.writev(fd, rest)
        while rest and sent >= len(rest[0]):
            sent -= len(rest.pop(0))
        if rest:
            rest[0] = rest[0][sent:]
