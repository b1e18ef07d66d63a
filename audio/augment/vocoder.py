"""A phase vocoder: another duration at the same pitch, many waveforms at once and each by a ratio of its own.

Flanagan and Golden, "Phase vocoder" (1966); Laroche and Dolson, "Improved phase vocoder time-scale modification of
audio" (1999). Frame s of the result stands at s hops; it takes the magnitudes that the source has at s / ratio hops,
between two of its frames, and turns every phase on by what the source's phase turns from the first of these to the
second. Phases are unit complex numbers and are multiplied: there is no angle to unwrap.

A bin that is silent in the source has no phase to speak of. The result takes over the source's phases there as they
are, so that a sound that sets in later starts with its own, whatever rounding errors stood in its place before; next to
a sound, a silent phase turns as the middle of its bin does.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

WINDOW_S = 0.08
"""Length of a frame, about: long enough for a bass note, short enough for a drum."""

OVERLAP = 4
"""Frames that cover a sample."""

SILENT = 1e-3
"""Magnitude up to which a bin counts as silent, as a share of the loudest of its waveform: -60 dB.

The phases of quiet bins hang on rounding. With this limit, noise as loud as the last bit of float32 changes the result
by 2e-5 of its level, and by 1e-3 for one in a hundred field recordings; with -80 dB by 4e-2 for these.
"""

ROWS = 4
"""Waveforms that are worked on together: more leave the cache."""


def window_samples(sample_rate_hz: int) -> int:
    """Return the length of a frame: the power of two next to WINDOW_S, at least 16."""
    return int(2 ** max(4, round(math.log2(WINDOW_S * sample_rate_hz))))


def stretched(waveforms: Tensor, ratios: Tensor, samples: int, window: int) -> Tensor:
    """Return float32[b, samples] of waveforms float32[b, m]: each row `ratios` (float64[b]) times as long, cut off.

    window: samples of a frame, a multiple of OVERLAP. Beyond the end of a waveform are zeros.
    """
    parts = [slice(first, first + ROWS) for first in range(0, len(waveforms), ROWS)]
    return torch.cat([_stretched(waveforms[part], ratios[part], samples, window) for part in parts])


def _stretched(waveforms: Tensor, ratios: Tensor, samples: int, window: int) -> Tensor:
    hop = window // OVERLAP
    shape = torch.hann_window(window, device=waveforms.device)
    places = torch.arange(math.ceil(samples / hop) + OVERLAP, device=waveforms.device)[:, None] / ratios
    before = places.long()
    spectra = _frames(waveforms, int(before.max()) + 2, hop, shape)
    rows = torch.arange(len(waveforms), device=waveforms.device)
    loudness = spectra.abs()
    silent = loudness <= SILENT * loudness.amax(dim=(0, 2), keepdim=True)
    phases = _phases(spectra, loudness, silent)
    share = (places - before)[..., None].float()
    wanted = torch.lerp(loudness[before, rows], loudness[before + 1, rows], share)
    turns = _turns(phases, silent)[before, rows]
    return _joined(wanted * _turned(phases[before, rows], turns, silent[before, rows]), hop, samples, shape)


def _frames(waveforms: Tensor, count: int, hop: int, shape: Tensor) -> Tensor:
    """Return complex64[count, b, bins]: the spectra of frames whose middles are at 0, hop, 2 hop, ... samples."""
    window = len(shape)
    wanted = (count - 1) * hop + window
    padded = functional.pad(waveforms, (window // 2, max(0, wanted - window // 2 - waveforms.shape[1])))
    spectra: Tensor = torch.fft.rfft(padded.unfold(1, window, hop)[:, :count].transpose(0, 1) * shape)
    return spectra


def _phases(spectra: Tensor, loudness: Tensor, silent: Tensor) -> Tensor:
    """Return complex64[count, b, bins] of magnitude 1; a silent bin right before a sound leads up to its phase."""
    phases = torch.where(loudness > 0, spectra / loudness, 1.0)
    leads = phases[1:] * _of_middle(phases).conj()
    return torch.cat([torch.where(silent[:-1] & ~silent[1:], leads, phases[:-1]), phases[-1:]])


def _turns(phases: Tensor, silent: Tensor) -> Tensor:
    """Return complex64[count - 1, b, bins]: by what each phase turns up to the next frame."""
    return torch.where(silent[1:], _of_middle(phases), phases[1:] * phases[:-1].conj())


def _of_middle(phases: Tensor) -> Tensor:
    """Return complex64[bins]: by what the middle of each bin turns in a hop, a quarter of a frame."""
    bins = phases.shape[-1]
    quarters = torch.tensor([1, 1j, -1, -1j], dtype=phases.dtype, device=phases.device)
    return quarters.repeat(bins // 4 + 1)[:bins]


def _turned(phases: Tensor, turns: Tensor, silent: Tensor) -> Tensor:
    """Return complex64[s, b, bins]: the first phases, turned on from frame to frame, and taken anew where silent."""
    found = torch.empty_like(phases)
    now = phases[0]
    for frame in range(len(phases)):
        now = torch.where(silent[frame], phases[frame], now)
        found[frame] = now
        now = now * turns[frame]
    return found


def _joined(spectra: Tensor, hop: int, samples: int, shape: Tensor) -> Tensor:
    """Return float32[b, samples]: the frames of spectra complex64[s, b, bins], faded into each other.

    They were faded before the transform too, so their sum is divided by that of the squares of the fades.
    """
    frames = torch.fft.irfft(spectra, n=len(shape)) * shape
    count, rows = frames.shape[:2]
    pieces, squares = frames.view(count, rows, OVERLAP, hop), shape.square().view(OVERLAP, 1, hop)
    whole = frames.new_zeros(count + OVERLAP - 1, rows, hop)
    weight = frames.new_zeros(count + OVERLAP - 1, 1, hop)
    for part in range(OVERLAP):
        whole[part : part + count] += pieces[:, :, part]
        weight[part : part + count] += squares[part]
    middle = OVERLAP // 2  # where the first frame has its middle
    joined: Tensor = (whole[middle:] / weight[middle:]).transpose(0, 1).flatten(1)
    return joined[:, :samples]
