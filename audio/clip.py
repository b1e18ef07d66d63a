"""A clip, decoded and judged: ok, usable with a warning, or bad with a named reason; and its waveform."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from ..schemas.arrays import Float32
from ..schemas.condition import Reason, Status
from .decode import open_audio
from .limits import DEFAULT_LIMITS, Limits
from .measure import Meter
from .mono import Mono, Span, Tap, pull
from .reader import Reader
from .unusable import Unusable

_TOLERANCE = 0.1
_TOLERANCE_S = (0.02, 0.1)
"""A clip is truncated when a tenth of the promised length is missing: never for under 20 ms, always for over 100."""


@dataclass(frozen=True)
class Decoded:
    """What decoding a clip came to.

    expected_s: seconds that the header promises of it, None where it says nothing; decoded_s: seconds that came;
    sample_rate_hz, channels, codec: of the file (0 and "" where it could not be opened); waveform: float32[n], mono,
    if one was asked for and the clip is usable.
    """

    status: Status
    reason: Reason
    detail: str
    expected_s: float | None = None
    decoded_s: float = 0.0
    sample_rate_hz: int = 0
    channels: int = 0
    codec: str = ""
    waveform: Float32 | None = None


def decode_clip(
    path: str | os.PathLike[str],
    *,
    offset_s: float = 0.0,
    duration_s: float | None = None,
    sample_rate_hz: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    tap: Tap | None = None,
) -> Decoded:
    """Decode a file, or `duration_s` of it from `offset_s`, and judge it; make its waveform if a rate is given.

    Never raises for a bad file: status, reason and detail say what is wrong. Memory is a block, or the waveform.
    tap: gets every block as it is decoded.
    Raises NotFound where there is no such file.
    """
    span = Span(os.fspath(path), offset_s, duration_s)
    try:
        reader = open_audio(path, limits)
    except Unusable as error:
        return Decoded(Status.BAD, error.reason, error.detail)
    with closing(reader):
        return _judged(reader, span, sample_rate_hz, limits, [tap] if tap else [])


def read_mono(
    path: str | os.PathLike[str],
    sample_rate_hz: int,
    *,
    offset_s: float = 0.0,
    duration_s: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
    tap: Tap | None = None,
) -> Float32:
    """Return float32[n], mono, at `sample_rate_hz`: a file, or `duration_s` of it from `offset_s`, decoding no more.

    The same samples, to the bit, as the waveform of `decode_clip`. n is at least `duration_s * sample_rate_hz` rounded,
    for the last frame is read whole, and less only where the file ends. Silent and short clips come as they are.
    tap: as of `decode_clip`. Raises NotFound where there is no such file, BadInput with the reason where nothing can
    be read.
    """
    span = Span(os.fspath(path), offset_s, duration_s)
    also = [tap] if tap else []
    with closing(open_audio(path, limits)) as reader:
        mono = Mono(reader, sample_rate_hz, also=also)
        broken = pull(reader, span, limits, [mono.add, *also])
        waveform = mono.waveform(reader, span, limits)
    if not len(waveform):
        raise _nothing(span, broken, reader.length_s)
    if not np.isfinite(waveform).all():
        raise Unusable(span.path, Reason.NON_FINITE, "it holds NaN or infinite samples")
    return waveform


def _judged(reader: Reader, span: Span, sample_rate_hz: int | None, limits: Limits, also: list[Tap]) -> Decoded:
    meter = Meter()
    mono = Mono(reader, sample_rate_hz, also=also) if sample_rate_hz else None
    flaw, waveform = (Reason.NONE, ""), None
    try:
        broken = pull(reader, span, limits, [meter.add, *([mono.add] if mono else []), *also])
        _refuse(meter, reader, span, broken, limits)
        if mono:
            waveform = mono.waveform(reader, span, limits)
        flaw = _flaw(meter, reader, span, broken)
    except Unusable as error:
        flaw, waveform = (error.reason, error.detail), None
        status = Status.BAD
    else:
        status = Status.WARN if flaw[0] else Status.OK
    return Decoded(
        status,
        *flaw,
        expected_s=span.of(reader.expected_s),
        decoded_s=meter.frames / reader.sample_rate_hz,
        sample_rate_hz=reader.sample_rate_hz,
        channels=reader.channels,
        codec=reader.codec,
        waveform=waveform,
    )


def _refuse(meter: Meter, reader: Reader, span: Span, broken: str, limits: Limits) -> None:
    """Raise Unusable where what was decoded cannot be used."""
    decoded_s = meter.frames / reader.sample_rate_hz
    if meter.frames == 0:
        raise _nothing(span, broken, reader.length_s)
    if not meter.finite:
        raise Unusable(span.path, Reason.NON_FINITE, "it holds NaN or infinite samples")
    if decoded_s < limits.min_s:
        raise Unusable(span.path, Reason.SHORT, f"{decoded_s * 1000:.1f} ms, less than {limits.min_s * 1000:.0f} ms")
    if meter.silent:
        raise Unusable(span.path, Reason.SILENT, "all samples are the same")


def _nothing(span: Span, broken: str, length_s: float | None) -> Unusable:
    """Say why no samples came."""
    if broken:
        return Unusable(span.path, Reason.UNREADABLE, f"decoding failed at once: {broken}")
    if length_s and span.offset_s >= length_s:
        return Unusable(
            span.path, Reason.EMPTY, f"the excerpt starts at {span.offset_s:g} s, the file ends at {length_s:g} s"
        )
    return Unusable(span.path, Reason.EMPTY, "it holds no samples")


def _flaw(meter: Meter, reader: Reader, span: Span, broken: str) -> tuple[Reason, str]:
    """Return the gravest reason for a warning and a few words, or NONE."""
    decoded_s, expected_s = meter.frames / reader.sample_rate_hz, span.of(reader.expected_s)
    came = f"{decoded_s:.2f} s" + ("" if expected_s is None else f" of {expected_s:.2f} s")
    if broken:
        return Reason.CORRUPT, f"decoding failed after {came}: {broken}"
    reason, words = reader.flaw() if span.whole else (Reason.NONE, "")
    missing_s = 0.0 if expected_s is None else expected_s - decoded_s
    if reason != Reason.CORRUPT and missing_s > np.clip(_TOLERANCE * (expected_s or 0.0), *_TOLERANCE_S):
        return Reason.TRUNCATED, f"{came} could be decoded"
    if reason:
        return reason, f"{words}; {came} decoded"
    if reader.stores_floats and meter.peak > 1.0:
        return Reason.CLIPPED, f"samples up to {meter.peak:.3g} times full scale"
    return Reason.NONE, ""
