"""Impulse responses of rooms that never were: shoeboxes with early reflections, and a tail that fades as a room's does.

Early on, the mirror images of the source in the six walls (Allen and Berkley, "Image method for efficiently simulating
small-room acoustics", 1979), each reflection a little duller than the one before. Once they lie too close to be told
apart, noise takes over: its power is that of a diffuse field, 4 pi r**2 c / V beside a direct sound of 1 at the
distance r (Kuttruff, "Room Acoustics", chapter 4), and falls by 60 dB in a time that is longer for low frequencies than
for high ones. Most are then heard through a device (audio.augment.synthetic_devices); some are a device alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .impulse_responses import response_pool
from .synthetic_devices import device_response

Float64 = NDArray[np.float64]

SOUND_M_S = 343.0
ORDER = 4
"""Mirrors on either side of a room, along each axis."""
BANDS_HZ = (0.0, 177.0, 354.0, 707.0, 1414.0, 2828.0)
"""Lower bounds of the bands that fade each at its own rate: octaves around 250, 500, 1000 and 2000 Hz, and the rest."""
FULL_DB = 60.0


@dataclass(frozen=True)
class Room:
    """size_m, source_m, microphone_m: float64[3]. t60_s: at 1 kHz. low, high: by how much longer or shorter the lowest
    and the highest band take. dulling: of each reflection, 0 to 1.
    """

    size_m: Float64
    source_m: Float64
    microphone_m: Float64
    t60_s: float
    low: float
    high: float
    dulling: float

    @property
    def volume_m3(self) -> float:
        """Cubic metres."""
        return float(np.prod(self.size_m))

    @property
    def distance_m(self) -> float:
        """From source to microphone, at least 10 cm."""
        return max(0.1, float(np.linalg.norm(self.source_m - self.microphone_m)))


def synthetic_rooms(
    count: int,
    sample_rate_hz: int,
    seed: int,
    *,
    seconds: float = 1.0,
    t60_s: tuple[float, float] = (0.1, 1.2),
    device_share: float = 0.15,
    devices: float = 0.6,
) -> Tensor:
    """Return float32[count, seconds * rate], for ImpulseResponse: direct sound at 0, energy 1; by `seed` alone.

    t60_s: range of the reverberation times at 1 kHz. device_share: how many are a device without a room. devices: how
    many of the rooms are heard through one. Row i does not depend on `count`.
    """
    samples = round(seconds * sample_rate_hz)
    responses = []
    for number in range(count):
        random = np.random.default_rng((seed, number))
        alone = random.random() < device_share
        response = (
            np.eye(1, samples)[0] if alone else room_response(draw_room(t60_s, random), samples, sample_rate_hz, random)
        )
        if alone or random.random() < devices:
            response = device_response(response, sample_rate_hz, random)
        responses.append(torch.from_numpy(response))
    return response_pool(responses, samples)


def draw_room(t60_s: tuple[float, float], random: np.random.Generator) -> Room:
    """Return a room: the longer it rings, the larger it tends to be; the microphone stands anywhere, or closer."""
    t60 = random.uniform(*t60_s)
    edge = (1.8 + 4.5 * t60) * random.uniform(0.8, 1.6)
    size = edge * random.uniform(0.7, 1.5, 3) * np.array([1.0, 1.0, 0.65])
    source = size * random.uniform(0.12, 0.88, 3)
    toward = size * random.uniform(0.08, 0.92, 3)
    near = random.uniform(0.4, 1.0)
    return Room(
        size_m=size,
        source_m=source,
        microphone_m=source + near * (toward - source),
        t60_s=t60,
        low=random.uniform(0.9, 1.6),
        high=random.uniform(0.4, 1.0),
        dulling=random.uniform(0.02, 0.3),
    )


def room_response(room: Room, samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: the direct sound, 1 at 0, the reflections and the tail."""
    time_s = np.arange(samples) / sample_rate_hz
    mixed_s = 2e-3 * math.sqrt(room.volume_m3)  # twice Polack's: 500 cubic metres are a blur after 45 ms
    tail_share = np.clip(time_s / mixed_s, 0, 1) ** 2
    early = _reflections(room, samples, sample_rate_hz, random) * np.sqrt(1 - tail_share)
    return early + _tail(room, samples, sample_rate_hz, random) * np.sqrt(tail_share)


def _reflections(room: Room, samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: the images of the source, later and weaker than the direct sound by their distance."""
    cells = np.arange(-ORDER, ORDER + 1)
    along = [
        np.where(cells % 2 == 0, cells * size + source, (cells + 1) * size - source) - microphone
        for size, source, microphone in zip(room.size_m, room.source_m, room.microphone_m, strict=True)
    ]
    distance = np.sqrt(along[0][:, None, None] ** 2 + along[1][:, None] ** 2 + along[2] ** 2)
    bounces = np.abs(cells)[:, None, None] + np.abs(cells)[:, None] + np.abs(cells)
    strength = _reflected(room) ** bounces * room.distance_m / np.maximum(distance, room.distance_m)
    # walls are no mirrors: with all signs alike the lowest frequencies would add up to a boom
    strength *= random.choice([1.0, 1.0, 1.0, -1.0], strength.shape) ** (bounces > 0)
    at = np.round((distance - room.distance_m) / SOUND_M_S * sample_rate_hz).astype(int)
    kept = (at >= 0) & (at < samples) & (bounces > 0)
    by_bounces = np.zeros((3 * ORDER + 1, samples))
    np.add.at(by_bounces, (bounces[kept], at[kept]), strength[kept])
    by_bounces[0, 0] = 1.0
    spectra = np.fft.rfft(by_bounces, 2 * samples)
    wall = (1 - room.dulling) / (1 - room.dulling * np.exp(-2j * np.pi * np.arange(samples + 1) / (2 * samples)))
    walls = wall ** np.arange(3 * ORDER + 1)[:, None]
    return np.asarray(np.fft.irfft((spectra * walls).sum(axis=0))[:samples])


def _reflected(room: Room) -> float:
    """Return the share of the amplitude that a wall gives back, by Eyring's formula for the reverberation time."""
    width, depth, height = room.size_m
    surface_m2 = 2 * (width * depth + width * height + depth * height)
    return math.exp(-0.5 * 24 * math.log(10) / SOUND_M_S * room.volume_m3 / (surface_m2 * room.t60_s))


def _tail(room: Room, samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: noise whose bands fade each at its own rate, as loud as a diffuse field."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency_hz = np.fft.rfftfreq(samples, 1 / sample_rate_hz)
    band = np.searchsorted(BANDS_HZ, frequency_hz, side="right") - 1
    octaves = np.arange(len(BANDS_HZ)) - BANDS_HZ.index(707.0)
    shares = np.where(octaves < 0, room.low ** (octaves / octaves[0]), room.high ** (octaves / octaves[-1]))
    noises = np.fft.irfft(np.where(band == np.arange(len(BANDS_HZ))[:, None], spectrum, 0), samples)
    time_s = np.arange(samples) / sample_rate_hz
    fading = 10 ** (-FULL_DB / 20 * time_s / (room.t60_s * shares[:, None]))
    power = 4 * math.pi * room.distance_m**2 * SOUND_M_S / (room.volume_m3 * sample_rate_hz)
    return np.asarray(math.sqrt(power) * (noises * fading).sum(axis=0))
