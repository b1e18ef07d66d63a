"""The published way of feeding CLMR's training, as the peer of a benchmark: a folder of wav files at 22,050 Hz, as its
`preprocess` step leaves them, a Dataset that reads a whole file per item and augments two crops of it one after the
other, and a DataLoader with workers.

Steps, order, probabilities and ranges are the published ones. What it calls from elsewhere is stood in for: torchaudio
no longer decodes files, so soundfile reads them; julius's filters are the same windowed sincs, by one FFT convolution;
sox's `pitch` (WSOLA, in C) is torchaudio's phase vocoder with linear interpolation, sox's `reverb` (Freeverb, in C) a
convolution with decaying noise. Per crop and core the stand-ins take 11 and 3.5 ms, where sox 14.4.2 on the same
machine takes 2.1 (`pitch -q`) or 4.8 and 2.4: hence the peer is also timed without the two, as if sox were free.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import soundfile
import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchaudio.functional import phase_vocoder

RATE_HZ = 22_050
CROP = 59_049
Steps = tuple[tuple[Callable[[Tensor], Tensor], float], ...]
"""Steps of the chain in their order, each with its probability."""

_WINDOW, _HOP = 2_048, 512
_TAIL = RATE_HZ


class PublishedPairs(Dataset[tuple[Tensor, Tensor]]):
    """Two crops of a clip an item, float32[59049] each, through the given steps of the chain."""

    def __init__(self, paths: list[str], steps: Steps) -> None:
        self.paths, self.steps = paths, steps

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor]:
        audio = torch.from_numpy(soundfile.read(self.paths[item], dtype="float32")[0])
        return self._view(audio), self._view(audio)

    def _view(self, audio: Tensor) -> Tensor:
        start = int(torch.randint(0, len(audio) - CROP + 1, ()))
        crop = audio[start : start + CROP]
        for step, p in self.steps:
            if torch.rand(()) < p:
                crop = step(crop)
        return crop


def published_loader(
    paths: list[str], batch_size: int, workers: int, steps: Steps
) -> DataLoader[tuple[Tensor, Tensor]]:
    context = {"multiprocessing_context": "forkserver", "persistent_workers": True} if workers else {}
    pairs = PublishedPairs(paths, steps)
    return DataLoader(pairs, batch_size, shuffle=True, num_workers=workers, drop_last=True, **context)


def polarity(x: Tensor) -> Tensor:
    return -x


def noise(x: Tensor) -> Tensor:
    return x + torch.randn_like(x) * _uniform(1e-4, 1e-2) * x.std()


def gain(x: Tensor) -> Tensor:
    return x * 10 ** (_uniform(-20, -1) / 20)


def filters(x: Tensor) -> Tensor:
    high = bool(torch.rand(()) < 0.5)
    cutoff = (_uniform(200, 1200) if high else _uniform(2200, 4000)) / RATE_HZ
    half = math.floor(8 / cutoff / 2)
    time = torch.arange(-half, half + 1)
    kernel = torch.hann_window(2 * half + 1, periodic=False) * torch.sinc(2 * cutoff * time)
    padded = functional.pad(x[None], (half, half), mode="replicate")[0]
    low = convolved(padded, kernel / kernel.sum())[2 * half : 2 * half + len(x)]
    return x - low if high else low


def delay(x: Tensor) -> Tensor:
    samples = (200 + 50 * int(torch.randint(0, 6, ()))) * RATE_HZ // 1000
    return (x + 0.5 * functional.pad(x, (samples, 0))[: len(x)]) / 2


def pitch(x: Tensor) -> Tensor:
    ratio = 2 ** (int(torch.randint(-700, 701, ())) / 1200)
    window = torch.hann_window(_WINDOW)
    spectrum = torch.stft(x, _WINDOW, _HOP, window=window, return_complex=True)
    advance = torch.linspace(0, math.pi * _HOP, _WINDOW // 2 + 1)[:, None]
    longer = torch.istft(phase_vocoder(spectrum, 1 / ratio, advance), _WINDOW, _HOP, window=window)
    return functional.interpolate(longer[None, None], size=len(x), mode="linear")[0, 0]


def reverb(x: Tensor) -> Tensor:
    decay_s = _uniform(0.05, 0.5)
    echoes = torch.randn(_TAIL) * torch.exp(torch.arange(_TAIL) * (-1 / (decay_s * RATE_HZ)))
    return x + 0.01 * convolved(x, echoes)[: len(x)]


def convolved(x: Tensor, kernel: Tensor) -> Tensor:
    """Return float32[n + k - 1] of float32[n] and float32[k]. torchaudio's own fftconvolve does not choose a length
    that is fast.
    """
    length = next_fast_len(len(x) + len(kernel) - 1, real=True)
    return torch.fft.irfft(torch.fft.rfft(x, length) * torch.fft.rfft(kernel, length), length)


def _uniform(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


WITHOUT_SOX: Steps = ((polarity, 0.8), (noise, 0.01), (gain, 0.3), (filters, 0.8), (delay, 0.3))
PUBLISHED: Steps = (*WITHOUT_SOX, (pitch, 0.6), (reverb, 0.6))
SOX_S = 0.6 * 2.1e-3 + 0.6 * 2.4e-3
"""What sox takes of a core for a crop, in the mean: `pitch -q`, as the published chain calls it, and `reverb`."""
