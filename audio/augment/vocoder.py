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
-28 dB for chords, -50 dB for tones.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from .frames import LONGEST, Frames, frames_for

PIECES = math.ceil(LONGEST)
"""Hops that a frame reaches into."""

SILENT = 1e-3
"""Magnitude up to which a bin counts as silent, as a share of the loudest of its waveform: -60 dB.

The phases of quiet bins hang on rounding. With this limit, noise as loud as the last bit of float32 changes the result
by 4e-5 of its level (the median of 60 field recordings), and by 3e-3 for one of them; with -80 dB by 2e-4 and 1e-2.
"""


def shifted(waveforms: Tensor, cents: Tensor, hop: int) -> Tensor:
    """Return float32[b, n] of float32[b, n]: each row higher by its `cents` (int64[b]). hop: samples between frames.

    Before its start and beyond its end a waveform is zero. Raises UsageError for more than two octaves.
    """
    wanted = cents.tolist()
    lengths = [frames_for(shift, hop) for shift in wanted]
    count = -(-waveforms.shape[1] // hop) + PIECES - 1
    widest = max(frames.bins for frames in lengths)
    turns = torch.empty(count, len(lengths), widest, dtype=torch.complex64, device=waveforms.device)
    spectra, loudest = [], []
    for row, (frames, shift) in enumerate(zip(lengths, wanted, strict=True)):
        here, before = _read(waveforms[row], frames, hop, hop * 2 ** (shift / 1200), count)
        torch.mul(here[:-1], before[1:].conj(), out=turns[1:, row, : frames.bins])
        turns[1:, row, frames.bins :] = 0
        spectra.append(here)
        loudest.append(torch.view_as_real(here).abs().amax())
    ahead = _added_up(turns, (SILENT * torch.stack(loudest)[:, None]) ** 2)
    result = torch.empty_like(waveforms)
    for row, (frames, here) in enumerate(zip(lengths, spectra, strict=True)):
        written = _written(here.mul_(ahead[:, row, : frames.bins]), frames, hop)
        result[row] = written[: waveforms.shape[1]]
    return result


def _read(waveform: Tensor, frames: Frames, hop: int, back: float, count: int) -> tuple[Tensor, Tensor]:
    """Return complex64[count, bins] twice: the spectra of the frames, and of those `back` samples before them.

    The first frame stands so early that its last piece reaches into the waveform. `back` is rounded to a sample; the
    rest is made up for by turning each bin as its middle does: right to 1e-3 radians for a tone half a bin off.
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


def _added_up(turns: Tensor, floor: Tensor) -> Tensor:
    """Return complex64[count, b, bins] of magnitude 1: by how much each phase of the result is ahead of the source's.

    turns: complex64[count, b, bins], whose place the result takes; from the phase `back` samples before a frame to that
    of the frame one hop before it, with the product of their magnitudes. What the first frame has is not looked at.
    floor: float32[b, 1].
    """
    turns[0] = 1
    wide = functional.pad(torch.zeros_like(turns[0]), (1, 1))  # beyond the ends are no neighbours
    middle = wide[:, 1:-1]
    for last, now in pairwise(turns):
        torch.mul(last, now, out=middle)
        torch.sgn(wide[:, :-2] + middle + wide[:, 2:] + floor, out=now)
    return turns


def _written(spectra: Tensor, frames: Frames, hop: int) -> Tensor:
    """Return float32[m]: the frames of spectra complex64[count, bins], faded into each other.

    They were faded before they were read too, so the sum is divided by that of the squares of the fades. The result
    starts where all of the frames that reach there do so.
    """
    shape = torch.hann_window(frames.result, device=spectra.device)
    written = torch.fft.irfft(spectra, n=frames.result) * (shape * (frames.result / frames.source))
    pieces = torch.split(written, hop, dim=1)
    total, weight = torch.zeros_like(pieces[0][PIECES - 1 :]), torch.zeros_like(shape[:hop])
    for part, (piece, fade) in enumerate(zip(pieces, torch.split(shape, hop), strict=True)):
        first = PIECES - 1 - part
        total[:, : len(fade)] += piece[first : first + len(total)]
        weight[: len(fade)] += fade.square()
    return (total / weight).flatten()
