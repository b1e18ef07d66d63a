"""The frequency response of Freeverb (Jezar at Dreampoint, 2000, public domain), with the parameters of sox's `reverb`.

Eight combs side by side, in whose loops a low-pass dulls every echo, then four all-passes one after the other
(Schroeder, "Natural sounding artificial reverberation", 1962):

    comb(z)    = 1 / (z**N - g(z)),  g(z) = feedback (1 - damping) / (1 - damping / z)
    allpass(z) = (1.5 - z**M) / (z**M - 0.5)

sox gives a mono clip two channels of slightly different delays; this is the one that it gives with a stereo depth of 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

COMBS = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
ALLPASSES = (225, 341, 441, 556)
"""Delays in samples at TUNED_HZ."""
TUNED_HZ = 44_100

WET = 0.015
"""Gain of the reverberation, sox's at its default of 0 dB."""

FEEDBACK = (0.3, 0.98)
"""Of a reverberance of 0 and 100 %; between them 1 - feedback falls exponentially."""

TILE = 256
"""Frequencies of one tile: powers of z are products of one number per tile and one per place in it."""

ROWS = 4
"""Rooms that are worked on together: more leave the cache."""


@dataclass(frozen=True)
class Rooms:
    """What sox's percents mean to the filters, float64[b] each: feedback and damping, below 1, and scale of delays."""

    feedback: Tensor
    damping: Tensor
    scale: Tensor

    @classmethod
    def of(cls, reverberance: Tensor, damping: Tensor, room: Tensor) -> Rooms:
        """Return them for three times int64[b], in percent."""
        low, high = FEEDBACK
        lost = (1 - low) * ((1 - high) / (1 - low)) ** (reverberance.double() / 100)
        return cls(1 - lost, 0.2 + 0.3 * damping.double() / 100, 0.1 + 0.9 * room.double() / 100)

    def some(self, rows: slice) -> Rooms:
        """Return the rooms at `rows`."""
        return Rooms(self.feedback[rows], self.damping[rows], self.scale[rows])


@dataclass(frozen=True)
class Circle:
    """Where z is taken: at the frequencies 0, 1, ..., length / 2 of an FFT, on a circle of `radius` around 0."""

    length: int
    radius: float

    def powers(self, exponents: Tensor) -> Tensor:
        """Return complex64[b, k]: z ** exponents (int64[b]) at the k frequencies, rounded up to whole tiles."""
        tiles = -(-(self.length // 2 + 1) // TILE)
        device = exponents.device
        starts = self._turned(exponents[:, None] * (torch.arange(tiles, device=device) * TILE))
        places = self._turned(exponents[:, None] * torch.arange(TILE, device=device))
        size = self.radius ** exponents.double()
        first = (size[:, None] * starts).to(torch.complex64)
        return (first[:, :, None] * places.to(torch.complex64)[:, None]).flatten(1)

    def _turned(self, steps: Tensor) -> Tensor:
        """Return complex128: 1 turned by whole steps of the FFT, int64; exact for any number of turns."""
        angles = (steps % self.length).double() * (2 * math.pi / self.length)
        return torch.polar(torch.ones_like(angles), angles)


def response(rooms: Rooms, sample_rate_hz: int, circle: Circle) -> Tensor:
    """Return complex64[b, length / 2 + 1]: the response of the reverberation of each room, without the clip itself."""
    rate = sample_rate_hz / TUNED_HZ
    parts = [slice(first, first + ROWS) for first in range(0, len(rooms.scale), ROWS)]
    combs = WET * torch.cat([_combs(rooms.some(part), rate, circle) for part in parts])
    for delay in ALLPASSES:
        power = circle.powers(_samples(torch.tensor([rate * delay], dtype=torch.float64, device=combs.device)))
        combs *= (1.5 - power) / (power - 0.5)
    return combs[:, : circle.length // 2 + 1]


def _combs(rooms: Rooms, rate: float, circle: Circle) -> Tensor:
    """Return complex64[b, k]: the sum of the combs."""
    damping = rooms.damping.to(torch.complex64)[:, None]
    back = circle.powers(torch.full_like(rooms.scale, -1, dtype=torch.int64))
    loop = (rooms.feedback * (1 - rooms.damping)).to(torch.complex64)[:, None] / (1 - damping * back)
    total = torch.zeros_like(loop)
    for delay in COMBS:
        total += circle.powers(_samples(rooms.scale * (rate * delay))).sub_(loop).reciprocal_()
    return total


def _samples(delays: Tensor) -> Tensor:
    return torch.floor(delays + 0.5).long().clamp(min=1)
