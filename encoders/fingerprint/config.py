"""Which fingerprint is meant: its segments, its mel front end and its network; the published ones are presets.

Chang et al., "Neural audio fingerprint for high-specific audio retrieval based on contrastive learning" (2021), here
`nafp`, and pfann, its descendant in PyTorch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ...errors import BadInput
from ..config import whole_numbers

CHOICES: dict[str, tuple[object, ...]] = {
    "version": (1,),
    "mel_scale": ("htk", "slaney"),
    "mel_norm": ("none", "slaney"),
    "power": (1.0, 2.0),
    "padding": ("constant", "reflect"),
    "log": ("log", "log10"),
    "waveform_norm": ("none", "l2", "max"),
    "normalisation": ("segment", "batch", "none"),
    "norm": ("layer2d", "layer1d", "batch"),
    "activation": ("elu", "relu"),
}
"""What a setting may be, for those that are one of a few."""

_POSITIVE = ("sample_rate_hz", "segment_s", "hop_s", "n_fft", "hop_samples", "n_mels", "slice_units", "dim", "norm_eps")


@dataclass(frozen=True)
class FingerprintConfig:
    """Plain values that, with the weights, are all there is to a fingerprint. The defaults are those of `small`.

    Segments. segment_s, hop_s: length, and from one start to the next.

    Front end, in the order in which it works. remove_mean: of each segment; waveform_norm: divide a segment by its
    "l2" norm or by its largest magnitude ("max"); n_fft, hop_samples: of the short-time Fourier transform with a Hann
    window, half a window of `padding` at either end; power: 1.0 for magnitudes, 2.0 for their squares; n_mels, f_min,
    f_max (Hz), mel_scale, mel_norm: the triangular bands; offset: added before the logarithm, `log` or log10;
    normalisation: subtract the maximum of each segment, of the whole "batch" (the published training; the encoder
    takes the clip for it, see `encoder`), or "none"; floor_db: what lies further below the maximum is raised to it (0:
    nothing is); rescale: "melspec_maxnorm", to about [-1, 1]; standardise: to mean 0 and deviation 1 per segment.

    Network. channels, time_strides: one number a block, with commas; norm: over channels, bands and frames, over
    channels alone, or batch normalisation, with norm_eps; activation; activation_last: after the norm, not before it
    (pfann's relu_after_bn); depthwise: the second convolution of a block is (pfann's `fuller`: false); slice_units:
    width of the hidden layer of each slice; dim: length of a vector.
    """

    sample_rate_hz: int = 8000
    version: int = 1
    segment_s: float = 1.0
    hop_s: float = 0.5
    remove_mean: bool = True
    waveform_norm: str = "max"
    n_fft: int = 1024
    hop_samples: int = 256
    padding: str = "reflect"
    power: float = 2.0
    n_mels: int = 64
    f_min: float = 250.0
    f_max: float = 4000.0
    mel_scale: str = "htk"
    mel_norm: str = "none"
    offset: float = 1e-8
    log: str = "log10"
    normalisation: str = "segment"
    floor_db: float = 60.0
    rescale: bool = False
    standardise: bool = True
    channels: str = "32,64,96,128,192,256"
    time_strides: str = "2,2,2,2,2,1"
    norm: str = "batch"
    norm_eps: float = 1e-5
    activation: str = "elu"
    activation_last: bool = True
    depthwise: bool = False
    slice_units: int = 32
    dim: int = 64

    def __post_init__(self) -> None:
        for key, known in CHOICES.items():
            if getattr(self, key) not in known:
                raise _bad(key, f"must be one of {', '.join(map(str, known))}, not {getattr(self, key)!r}")
        for key in _POSITIVE:
            if not 0 < getattr(self, key) < math.inf:
                raise _bad(key, f"must be more than 0, not {getattr(self, key)!r}")
        if not 0 <= self.f_min < self.f_max <= self.sample_rate_hz / 2:
            raise _bad("f_min", f"and f_max must satisfy 0 <= f_min < f_max <= {self.sample_rate_hz / 2:g}")
        if not (0 <= self.offset < math.inf and 0 <= self.floor_db < math.inf):
            raise _bad("offset", "and floor_db must be 0 or more")
        if self.floor_db and self.normalisation == "none":
            raise _bad("floor_db", "is counted from the maximum, so normalisation must not be 'none'")
        if self.segment_samples <= self.n_fft // 2 or self.segment_hop < 1:
            raise _bad("segment_s", f"must be longer than half of n_fft={self.n_fft}, and hop_s at least one sample")
        self._check_network()

    def _check_network(self) -> None:
        if len(self.strides) != len(self.widths):
            raise _bad("time_strides", f"has {len(self.strides)} numbers, but channels has {len(self.widths)}")
        bands, frames = self.n_mels, self.frames
        for stride in self.strides:
            bands, frames = -(-bands // 2), -(-frames // stride)
        if (bands, frames) != (1, 1):
            raise _bad(
                "time_strides",
                f"leave {bands} x {frames} of {self.n_mels} bands x {self.frames} frames, not 1 x 1: each block halves "
                "the bands and divides the frames by its stride",
            )
        if self.widths[-1] % self.dim:
            raise _bad("dim", f"must divide the last of channels, {self.widths[-1]}; it is {self.dim}")

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
        """Frames of the mel spectrogram of a segment."""
        return 1 + self.segment_samples // self.hop_samples

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each block."""
        return whole_numbers(self.channels, "FingerprintConfig.channels")

    @property
    def strides(self) -> tuple[int, ...]:
        """Stride in time of each block."""
        return whole_numbers(self.time_strides, "FingerprintConfig.time_strides")


def _bad(key: str, why: str) -> BadInput:
    return BadInput(f"FingerprintConfig.{key} {why}")


_NAFP = FingerprintConfig(
    remove_mean=False,
    waveform_norm="none",
    padding="constant",
    power=1.0,
    n_mels=256,
    f_min=300.0,
    mel_scale="slaney",
    mel_norm="slaney",
    offset=0.06,
    floor_db=0.0,
    standardise=False,
    channels="128,128,256,256,512,512,1024,1024",
    time_strides="2,2,2,2,1,2,1,2",
    norm="layer2d",
    norm_eps=1e-3,  # what Keras has where nothing is said
    activation_last=False,
    dim=128,
)

_PFANN = replace(
    _NAFP,
    remove_mean=True,
    waveform_norm="l2",
    padding="reflect",
    power=2.0,
    mel_scale="htk",
    mel_norm="none",
    offset=1e-8,
    log="log",
    normalisation="none",
    time_strides="2,2,2,2,2,2,2,2",
    norm_eps=1e-5,
    activation="relu",
    activation_last=True,
)

PRESETS: dict[str, FingerprintConfig] = {
    "small": FingerprintConfig(),
    "nafp": _NAFP,
    "pfann": _PFANN,
    "pfann-naf": replace(_NAFP, remove_mean=True, waveform_norm="max", norm_eps=1e-5),
}
"""`small`: for CPUs, 0.7 million parameters; `nafp`: as published in TensorFlow, but for the maximum, which is each
segment's own; `pfann`: the default of that program; `pfann-naf`: what it makes of a converted TensorFlow checkpoint.
"""
