"""Sounds and encoders that the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


@pytest.fixture
def sound() -> Callable[..., Float32]:
    """Make float32[frames, channels]: gliding tones in noise, so that every moment sounds different."""

    def make(seconds: float, rate_hz: int, channels: int = 2, seed: int = 0) -> Float32:
        random = np.random.default_rng(seed)
        time_s = np.arange(round(seconds * rate_hz))[:, None] / rate_hz
        glide = np.sin(2 * np.pi * (150 + 40 * np.arange(channels) + 60 * time_s) * time_s)
        return (0.3 * glide + 0.05 * random.standard_normal((len(time_s), channels))).astype(np.float32)

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a sound with libsndfile; return its path."""

    def to_file(name: str, samples: Float32, rate_hz: int, subtype: str | None = None) -> Path:
        path = tmp_path / name
        with soundfile.SoundFile(path, "w", rate_hz, samples.shape[1], subtype) as file:
            for start in range(0, len(samples), 65_536):  # libsndfile crashes on a long Vorbis file written at once
                file.write(samples[start : start + 65_536])
        return path

    return to_file


@pytest.fixture
def encode(tmp_path: Path) -> Callable[..., Path]:
    """Write a sound with FFmpeg; return its path."""

    def to_file(
        name: str, samples: Float32, rate_hz: int, codec: str, *, vbr: bool = False, tags: dict[str, str] | None = None
    ) -> Path:
        path, layout = tmp_path / name, "mono" if samples.shape[1] == 1 else "stereo"
        with av.open(path, "w", options={"write_xing": "0"} if vbr else {}) as container:
            container.metadata.update(tags or {})
            stream = container.add_stream(codec, rate=rate_hz, layout=layout)
            assert isinstance(stream, av.AudioStream)
            if vbr:
                stream.codec_context.qscale = True
                stream.codec_context.global_quality = 4 * 118
            for start in range(0, len(samples), 1152):
                piece = np.ascontiguousarray(samples[start : start + 1152].T)
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
                frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return to_file
