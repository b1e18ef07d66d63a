"""Files mutated at random end with a status, whatever happened to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from harness.mutation import mutated

from echodex.audio.clip import decode_clip, read_mono
from echodex.audio.tags import read_tags
from echodex.schemas.clip import Status

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]


@pytest.mark.parametrize(
    "name", ["a.wav", "f.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff", "a.caf", "a.w64", "a.m4a", "a.webm"]
)
@pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_nothing_crashes_hangs_or_speaks(
    write: Write, encode: Write, sound: Make, capfd: pytest.CaptureFixture[str], name: str, rounds: int
) -> None:
    samples = sound(0.6, 48_000)
    codec = {"a.m4a": "aac", "a.webm": "libopus"}.get(name)
    path = (
        encode(name, samples, 48_000, codec)
        if codec
        else write(name, samples, 48_000, "FLOAT" if name == "f.wav" else None)
    )
    content, random = path.read_bytes(), np.random.default_rng(rounds)
    capfd.readouterr()
    for _ in range(rounds):
        path.write_bytes(mutated(content, random))
        found = decode_clip(path, sample_rate_hz=16_000)
        assert (found.waveform is None) == (found.status == Status.BAD)
        decode_clip(path, offset_s=0.4, duration_s=0.1)
        read_tags(path)
        if found.waveform is not None:
            assert np.isfinite(found.waveform).all()
            assert np.array_equal(read_mono(path, 16_000, duration_s=found.decoded_s), found.waveform)
    assert capfd.readouterr() == ("", "")
