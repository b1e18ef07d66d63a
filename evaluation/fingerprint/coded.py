"""What real encoders leave of a sound: through MP3, Opus or AAC and back, by the codecs that come with PyAV."""

from __future__ import annotations

import io
from typing import cast

import av
import numpy as np

from ...errors import Unavailable, UsageError
from ...schemas.vector import Float32

RATE_HZ = 24_000
"""All three encode at this rate, MP3 down to 8 kbit/s."""

_ENCODERS = {"mp3": ("libmp3lame", "mp3"), "opus": ("libopus", "ogg"), "aac": ("aac", "mp4")}
"""Name to the encoder and its container."""

BLOCK = 4096


def available(codec: str) -> bool:
    """Tell whether this PyAV can encode "mp3", "opus" or "aac"."""
    try:
        av.codec.Codec(_ENCODERS[codec][0], "w")
    except (KeyError, ValueError):
        return False
    return True


def coded(samples: Float32, codec: str, kbit_s: int) -> Float32:
    """Return float32[n] at RATE_HZ after one encoding at a bit rate, as long as it was.

    What an encoder puts before the first sample stays, where its container does not tell: up to 50 ms. Raises
    UsageError for an unknown codec, Unavailable where this PyAV has no encoder for it.
    """
    if codec not in _ENCODERS:
        raise UsageError(f"codec {codec[:40]!r} does not exist (known: {', '.join(_ENCODERS)})")
    if not available(codec):
        raise Unavailable(f"this PyAV cannot encode {codec}; install one that comes with its own FFmpeg")
    decoded = _decoded(_encoded(samples, codec, kbit_s))
    return np.pad(decoded[: len(samples)], (0, max(0, len(samples) - len(decoded))))


def _encoded(samples: Float32, codec: str, kbit_s: int) -> io.BytesIO:
    name, container = _ENCODERS[codec]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = cast(av.AudioStream, output.add_stream(name, rate=RATE_HZ, layout="mono"))
        stream.bit_rate = 1000 * kbit_s
        for start in range(0, len(samples), BLOCK):
            block = np.clip(samples[None, start : start + BLOCK], -1.0, 1.0).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    file.seek(0)
    return file


def _decoded(file: io.BytesIO) -> Float32:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    with av.open(file, "r") as source:
        frames = [part for frame in source.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
