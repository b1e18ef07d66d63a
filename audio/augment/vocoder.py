"""A phase vocoder that shifts the pitch: frames are read at one length and written at another, at the same places.

A frame written shorter than it was read sounds higher (`frames.py`). For the frames to go on from each other, in one
hop of the result a phase has to turn by what the source's turns over `back` = ratio * hop samples. So each frame is
read twice, at its place and `back` samples before, and the angle between the two is added to the phases that the frame
before it was written with (Puckette, "Phase-locked vocoder", 1995, reads twice as well). There are no angles to unwrap:
phases are unit complex numbers, and multiplied.

Carried from frame to frame is by how much the result is `ahead` of the source's phase, in each bin. Two terms are added
before it is made a unit again. One is the neighbouring bins', as in the paper: the bins of a tone, a click or a rush of
noise keep together behind the loudest of them. The other is a positive number, the `floor`, which only matters where
the source is silent: it draws the phases back to the source's own, so that a sound which sets in later starts with
these, whatever rounding errors stood in its place before.

How far the magnitudes of the result are from those of the source, read at the same places: -12 dB for field recordings,
-29 dB for chords, below -50 dB for tones.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .frames import PIECES, Frames, frames_for

SILENT = 1e-3
"""Magnitude up to which a bin counts as silent, as a share of the loudest of its waveform: -60 dB.

The phases of quiet bins hang on rounding. With this limit, noise as loud as the last bit of float32 changes the result
by 3e-5 of its level (the median of 60 field recordings), and by 1.4e-3 for one of them; with -80 dB by 2e-4 and 1e-2.
"""


def shifted(waveforms: Tensor, cents: Tensor, hop: int) -> Tensor:
    """Return float32[b, n] of float32[b, n]: each row higher by its `cents` (int64[b]). hop: samples between frames.

    Before its start and beyond its end a waveform is zero. Raises UsageError for more than two octaves.
    """
    lengths = [frames_for(wanted, hop) for wanted in cents.tolist()]
    count = -(-waveforms.shape[1] // hop) + PIECES - 1
    turns = waveforms.new_zeros(count, len(cents), max(frames.bins for frames in lengths), dtype=torch.complex64)
    spectra = []
    for row, (frames, wanted) in enumerate(zip(lengths, cents.tolist(), strict=True)):
        here, before = _read(waveforms[row], frames, hop, hop * 2 ** (wanted / 1200), count)
        torch.mul(here[:-1], before[1:].conj(), out=turns[1:, row, : frames.bins])
        spectra.append(here)
    loudest = torch.stack([torch.view_as_real(here).abs().amax() for here in spectra])
    ahead = _ahead(turns, (SILENT * loudest[:, None]) ** 2)
    result = torch.empty_like(waveforms)
    for row, (frames, here) in enumerate(zip(lengths, spectra, strict=True)):
        written = _written(here * ahead[:, row, : frames.bins], frames, hop)
        result[row] = written[: waveforms.shape[1]]
    return result


def _read(waveform: Tensor, frames: Frames, hop: int, back: float, count: int) -> tuple[Tensor, Tensor]:
    """Return complex64[count, bins] twice: the spectra of the frames, and of those `back` samples before them.

    The first frame ends one hop after the start. `back` is rounded to a sample; the rest is made up for by turning
    each bin as its middle does, which for a tone half a bin off is right to 1e-3 radians.
    """
    whole = round(back)
    first = (1 - PIECES) * hop + (frames.result - frames.source) // 2  # the middles lie at the same places
    end = first + (count - 1) * hop + frames.source
    padded = functional.pad(waveform, (whole - first, max(0, end - len(waveform))))
    shape = torch.hann_window(frames.source, device=waveform.device)
    here, before = (
        torch.fft.rfft(padded[start:].unfold(0, frames.source, hop)[:count] * shape)[:, : frames.bins]
        for start in (whole, 0)
    )
    angles = torch.arange(frames.bins, device=waveform.device) * (2 * math.pi * (whole - back) / frames.source)
    return here, before.mul_(torch.polar(torch.ones_like(angles), angles))


def _ahead(turns: Tensor, floor: Tensor) -> Tensor:
    """Return complex64[count, b, bins] of magnitude 1: by how much each phase of the result is ahead of the source's.

    turns: complex64[count, b, bins], between the frame `back` samples before one and the frame one hop before it, with
    the product of their magnitudes. floor: float32[b, 1].
    """
    ahead = torch.ones_like(turns)
    wide = functional.pad(torch.zeros_like(turns[0]), (1, 1))  # without neighbours beyond the ends
    middle = wide[:, 1:-1]
    for frame in range(1, len(turns)):
        torch.mul(turns[frame], ahead[frame - 1], out=middle)
        torch.sgn(wide[:, :-2] + middle + wide[:, 2:] + floor, out=ahead[frame])
    return ahead


def _written(spectra: Tensor, frames: Frames, hop: int) -> Tensor:
    """Return float32[m]: the frames of spectra complex64[count, bins], faded into each other.

    They were faded before they were read too, so the sum is divided by that of the squares of the fades. The result
    starts where all of the frames that reach there do so.
    """
    shape = torch.hann_window(frames.result, device=spectra.device)
    spare = (0, PIECES * hop - frames.result)
    written = torch.fft.irfft(spectra, n=frames.result) * (shape * (frames.result / frames.source))
    pieces = functional.pad(written, spare).view(-1, PIECES, hop)
    weight = functional.pad(shape.square(), spare).view(PIECES, hop).sum(dim=0)
    later, middle, earlier = (pieces[2:, 0], pieces[1:-1, 1], pieces[:-2, 2])
    return ((later + middle + earlier) / weight).flatten()
