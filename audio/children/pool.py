"""Decoding in children, for any number of threads: each that asks has a child to itself, and what dies is replaced."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

import numpy as np

from ...errors import NotFound
from ...schemas.arrays import Float32
from ...schemas.condition import Reason, Status
from ..clip import Decoded
from ..limits import DEFAULT_LIMITS, Limits
from ..mono import Span
from ..unusable import Unusable
from .child import Died, Take
from .protocol import Request, Task
from .staff import Staff

_ATTEMPTS = 2
"""How often a file is tried whose child somebody ended: the kernel, say, for want of memory."""


class Children:
    """Processes that decode what nobody has checked, at most as many as there are threads that ask at once.

    They are started when they are needed, and end with the `with` that this is used in; one is left for the next.
    """

    def __init__(self) -> None:
        self._staff = Staff()

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staff.dismiss()

    def decode_clip(
        self,
        path: str | os.PathLike[str],
        *,
        offset_s: float = 0.0,
        duration_s: float | None = None,
        sample_rate_hz: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> tuple[Decoded, dict[str, str]]:
        """Return what `audio.clip.decode_clip` does, to the bit, and the tags of what is usable.

        A file that its child dies of, or that takes too long or too much memory, is bad for that reason. Raises
        NotFound.
        """
        span = Span(os.fspath(path), offset_s, duration_s)
        request = Request(Task.JUDGE, span.path, offset_s, duration_s, sample_rate_hz, limits)
        try:
            told, pieces = self._ask_again(request)
        except Unusable as error:
            return Decoded(Status.BAD, error.reason, error.detail), {}
        found = told["decoded"]
        status, reason = Status(found["status"]), Reason(found["reason"])
        waveform = _joined(pieces) if sample_rate_hz and status != Status.BAD else None
        return Decoded(**found | {"status": status, "reason": reason, "waveform": waveform}), told["tags"]

    def read_mono(
        self,
        path: str | os.PathLike[str],
        sample_rate_hz: int,
        *,
        offset_s: float = 0.0,
        duration_s: float | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Float32:
        """Return what `audio.clip.read_mono` does, to the bit. Raises what it raises."""
        span = Span(os.fspath(path), offset_s, duration_s)
        _, pieces = self._ask_again(Request(Task.MONO, span.path, offset_s, duration_s, sample_rate_hz, limits))
        return _joined(pieces)

    def length_s(self, path: str | os.PathLike[str]) -> float | None:
        """Return the seconds that a file says it has, None where it does not. Raises NotFound, Unusable."""
        told, _ = self._ask_again(Request(Task.LENGTH, os.fspath(path)))
        length_s: float | None = told["length_s"]
        return length_s

    def stream(
        self,
        path: str | os.PathLike[str],
        sample_rate_hz: int,
        take: Take,
        *,
        limits: Limits = DEFAULT_LIMITS,
        signs: Float32 | None = None,
    ) -> tuple[Float32, str]:
        """Give `take` the waveform of a file, mono, float32[n] at a time, at `sample_rate_hz`.

        signs: float32[channels], those with which channels are mixed (None: 1). Returns the signs that the channels
        turned out to need, and what broke decoding off ("" where nothing did). Raises NotFound, Unusable.
        """
        kept = None if signs is None else tuple(signs.tolist())
        request = Request(Task.STREAM, os.fspath(path), sample_rate_hz=sample_rate_hz, limits=limits, signs=kept)
        try:
            told = _checked(self._ask(request, take), request)
        except Died as error:
            raise _killed(request, error) from None
        return np.array(told["signs"], dtype=np.float32), told["broken"]

    def _ask_again(self, request: Request) -> tuple[dict[str, Any], list[Float32]]:
        """Return what a child answers, and its samples; where somebody ends it, ask another one once."""
        for _ in range(_ATTEMPTS):
            pieces: list[Float32] = []
            try:
                return _checked(self._ask(request, pieces.append), request), pieces
            except Died as error:
                died = error
        raise _killed(request, died)

    def _ask(self, request: Request, take: Take) -> dict[str, Any]:
        child = self._staff.take()
        try:
            told = child.ask(request, take)
        except BaseException:  # it is dead, or out of step
            self._staff.lose(child)
            raise
        self._staff.give_back(child)
        return told


def _checked(told: dict[str, Any], request: Request) -> dict[str, Any]:
    """Return what a child told, unless it is an error: raise that."""
    if "unusable" in told:
        reason, detail = told["unusable"]
        raise Unusable(request.path, Reason(reason), detail)
    if "not_found" in told:
        raise NotFound(told["not_found"].replace(repr(request.whole_path), repr(request.path)))
    return told


def _killed(request: Request, error: Died) -> Unusable:
    return Unusable(request.path, Reason.CRASHED, f"the process that decoded it was ended ({error}), and another one")


def _joined(pieces: list[Float32]) -> Float32:
    return pieces[0] if pieces else np.empty(0, dtype=np.float32)
