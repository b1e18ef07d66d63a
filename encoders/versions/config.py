"""Which encoder of versions is meant: its segments, its constant-Q front end and its network.

Serrà et al., "Supervised contrastive learning from weakly-labeled audio segments for musical version matching" (2025),
here CLEWS, of which `dvi` and `shs` are the published sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import BadInput
from ..config import whole_numbers

BINS_PER_OCTAVE = 12

Q = 1 / (2 ** (1 / BINS_PER_OCTAVE) - 1)
"""Periods of a band's frequency in its kernel."""

_LEAST = {"clews": (2, 7), "folded": (1, 1)}
"""Octaves and frames of the smallest picture that a network can look at."""


@dataclass(frozen=True)
class VersionsConfig:
    """Plain values that, with the weights, are all there is to an encoder of versions. The defaults are `small`.

    Segments. segment_s, hop_s: length, and from one start to the next.

    Front end. octaves, f_min (Hz): the constant-Q bands, twelve an octave; hop_samples: from one frame to the next;
    pool: so many frames are averaged to one; noise: about 1e-6 is added to what the network sees, as published, which
    in silence is all that it sees (here it is always the same noise).

    Network. network: "clews" as published, or "folded", which looks at pitch classes and cannot tell keys apart; stem:
    channels of its first convolution; widths, blocks: one number a stage, with commas: channels, and how many blocks;
    dim: length of a vector.
    """

    sample_rate_hz: int = 16_000
    version: int = 1
    segment_s: float = 20.0
    hop_s: float = 5.0
    octaves: int = 7
    f_min: float = 32.70
    hop_samples: int = 320
    pool: int = 5
    noise: bool = False
    network: str = "folded"
    stem: int = 32
    widths: str = "32,64,96"
    blocks: str = "1,1,1"
    dim: int = 128

    def __post_init__(self) -> None:
        for key in ("sample_rate_hz", "segment_s", "hop_s", "octaves", "f_min", "hop_samples", "pool", "stem", "dim"):
            if not 0 < getattr(self, key) < math.inf:
                raise _bad(key, f"must be more than 0, not {getattr(self, key)!r}")
        for key, known in (("version", (1,)), ("network", tuple(_LEAST))):
            if getattr(self, key) not in known:
                raise _bad(key, f"must be one of {', '.join(map(str, known))}, not {getattr(self, key)!r}")
        if self.f_min * 2 ** ((self.bins - 1) / BINS_PER_OCTAVE) >= self.sample_rate_hz / 2:
            raise _bad("octaves", f"of f_min={self.f_min:g} Hz reach beyond half of the sample rate")
        if len(self.counts) != len(self.channels):
            raise _bad("blocks", f"has {len(self.counts)} numbers, but widths has {len(self.channels)}")
        if any(width % 2 for width in self.channels):
            raise _bad("widths", f"must be even, for half of a layer has another norm; they are {self.widths!r}")
        octaves, frames = _LEAST[self.network]
        if self.octaves < octaves:
            raise _bad("octaves", f"must be at least {octaves} with network {self.network!r}, not {self.octaves}")
        if self.frames < frames or self.segment_samples <= self.kernel_width // 2 or self.segment_hop < 1:
            raise _bad(
                "segment_s",
                f"must be at least {frames} frames of {self.frame_s:g} s and longer than half of a kernel of "
                f"{self.kernel_width} samples, and hop_s at least one sample",
            )

    @property
    def bins(self) -> int:
        """Bands of a frame."""
        return self.octaves * BINS_PER_OCTAVE

    @property
    def kernel_width(self) -> int:
        """Samples of the power of two that the lowest band's kernel fits into."""
        return 1 << math.ceil(math.log2(math.ceil(Q * self.sample_rate_hz / self.f_min)))

    @property
    def frame_s(self) -> float:
        """Seconds from one frame that the network sees to the next."""
        return self.hop_samples * self.pool / self.sample_rate_hz

    @property
    def segment_samples(self) -> int:
        """Samples of a segment."""
        return round(self.segment_s * self.sample_rate_hz)

    @property
    def segment_hop(self) -> int:
        """Samples from one segment's start to the next."""
        return round(self.hop_s * self.sample_rate_hz)

    @property
    def frames(self) -> int:
        """Frames of a segment, after pooling."""
        return (1 + self.segment_samples // self.hop_samples) // self.pool

    @property
    def frame_hop(self) -> int:
        """Frames from one segment's start to the next, where segments are cut from frames."""
        return max(round(self.hop_s / self.frame_s), 1)

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return whole_numbers(self.widths, "VersionsConfig.widths")

    @property
    def counts(self) -> tuple[int, ...]:
        """Blocks of each stage."""
        return whole_numbers(self.blocks, "VersionsConfig.blocks")


def _bad(key: str, why: str) -> BadInput:
    return BadInput(f"VersionsConfig.{key} {why}")


_CLEWS = {"network": "clews", "stem": 128, "widths": "256,512,1024,2048", "blocks": "3,4,6,3"}

PRESETS: dict[str, VersionsConfig] = {
    "small": VersionsConfig(),
    "dvi": VersionsConfig(**_CLEWS, dim=1024),  # type: ignore[arg-type]
    "shs": VersionsConfig(**_CLEWS, dim=2048),  # type: ignore[arg-type]
}
"""`small`: for CPUs, 0.3 million parameters; `dvi` and `shs`: as published, trained on Discogs-VI and on SHS100K."""
