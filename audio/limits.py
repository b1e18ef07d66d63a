"""How much a single file may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What is accepted from one clip; anything beyond is `bad` with a named reason.

    max_decoded_s: seconds of decoded audio, whatever the header says; min_rate_hz, max_rate_hz: sample rate;
    max_channels: channels; min_s: seconds below which a clip is `short`. Where a file is decoded in a process of its
    own (audio/children/), also cpu_s: seconds of processor time, and as many again for every hour of sound at 48 kHz
    that came; wait_s: seconds without a block; memory_bytes: what decoding takes beside the waveform.
    """

    max_decoded_s: float = 3600.0
    min_rate_hz: int = 1000
    max_rate_hz: int = 768_000
    max_channels: int = 64
    min_s: float = 0.05
    cpu_s: float = 10.0
    wait_s: float = 30.0
    memory_bytes: int = 1 << 30


DEFAULT_LIMITS = Limits()
