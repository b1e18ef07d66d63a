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
from functools import reduce

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


@dataclass(frozen=True)
class Circle:
    """Where z is taken: at the frequencies 0, 1, ..., length / 2 of an FFT, on a circle of `radius` around 0."""

    length: int
    radius: float

    def powers(self, exponents: Tensor) -> tuple[Tensor, Tensor]:
        """Return complex64[..., tiles, 1] and complex64[..., 1, TILE]: z ** exponents (int64[...]) is their product,
        at the frequencies one after the other, rounded up to whole tiles.
        """
        tiles = -(-(self.length // 2 + 1) // TILE)
        exponents = exponents[..., None]
        starts = self._turned(exponents * (torch.arange(tiles, device=exponents.device) * TILE))
        places = self._turned(exponents * torch.arange(TILE, device=exponents.device))
        first = starts * self.radius ** exponents.double()
        return first.to(torch.complex64)[..., None], places.to(torch.complex64)[..., None, :]

    def _turned(self, steps: Tensor) -> Tensor:
        """Return complex128: 1 turned by whole steps of the FFT, int64; exact for any number of turns."""
        angles = (steps % self.length).double() * (2 * math.pi / self.length)
        return torch.polar(torch.ones_like(angles), angles)


def response(rooms: Rooms, sample_rate_hz: int, circle: Circle) -> Tensor:
    """Return complex64[b, length / 2 + 1]: the response of the reverberation of each room, without the clip itself."""
    combs, allpasses = (rooms.scale.new_tensor(delays) * (sample_rate_hz / TUNED_HZ) for delays in (COMBS, ALLPASSES))
    after = _allpasses(_samples(allpasses), circle)
    starts, places = circle.powers(_samples(rooms.scale[:, None] * combs))
    loops = _loops(rooms, circle)
    found = torch.empty_like(loops)
    for row, loop in enumerate(loops):  # one room at a time stays in the cache
        torch.mul(_combs(starts[row], places[row], loop), after, out=found[row])
    return found.flatten(1)[:, : circle.length // 2 + 1]


def _combs(starts: Tensor, places: Tensor, loop: Tensor) -> Tensor:
    """Return complex64[tiles, TILE]: the sum of a room's combs, z**N by complex64[8, tiles, 1] and [8, 1, TILE]."""
    total, power = torch.zeros_like(loop), torch.empty_like(loop)
    for start, place in zip(starts, places, strict=True):
        total += torch.mul(start, place, out=power).sub_(loop).reciprocal_()
    return total


def _loops(rooms: Rooms, circle: Circle) -> Tensor:
    """Return complex64[b, tiles, TILE]: g(z) of each room."""
    start, place = circle.powers(torch.tensor(-1, device=rooms.scale.device))
    damping = rooms.damping[:, None, None].to(torch.complex64)
    kept = (rooms.feedback * (1 - rooms.damping))[:, None, None].to(torch.complex64)
    return (1 - damping * (start * place)).reciprocal_().mul_(kept)


def _allpasses(delays: Tensor, circle: Circle) -> Tensor:
    """Return complex64[tiles, TILE]: the all-passes one after the other, and the gain."""
    powers = [start * place for start, place in zip(*circle.powers(delays), strict=True)]
    parts = [(1.5 - power).mul_((power - 0.5).reciprocal_()) for power in powers]
    whole: Tensor = reduce(torch.mul, parts)
    return WET * whole


def _samples(delays: Tensor) -> Tensor:
    return torch.floor(delays + 0.5).long().clamp(min=1)
