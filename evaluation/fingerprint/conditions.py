"""One kind of damage at a time, and how much of it: what the robustness curve is measured at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from ...audio.augment.background import Background
from ...audio.augment.impulse_responses import ImpulseResponse
from ...audio.augment.pitch import pitch_shifted
from ...audio.augment.rng import BatchRng, row_seeds
from ...audio.augment.synthetic_noise import synthetic_noise
from ...audio.augment.synthetic_rooms import synthetic_rooms
from ...audio.augment.telephone import BandPass
from ...audio.resample import resample
from ...schemas.vector import Float32
from .coded import RATE_HZ, available, coded
from .cuts import CONTEXT_S, SPARE

NOISES, ROOMS = 32, 8
OCTAVE_CENTS = 1200
ROOM_SPREAD = 0.1
"""A reverberation time stands for those a tenth below and above."""

Damage = Callable[[Float32, str], Float32]


@dataclass(frozen=True)
class Condition:
    """A damage by kind and amount, at the rate it works at: damage(waveform float32[n], name) -> float32[m].

    `unit` goes with `amount`, which is a number of it or a word.
    """

    kind: str
    amount: float | str
    unit: str
    sample_rate_hz: int
    damage: Damage


SNR_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)
T60_S = (0.2, 0.4, 0.6, 0.9, 1.2)
KBIT_S = {"mp3": (8, 16, 32, 64), "opus": (6, 12, 24, 48), "aac": (12, 24, 48)}
BANDS_HZ = ((300, 3400), (300, 2000), (600, 3400), (1000, 3000), (100, 1000))
CHANGES = (-0.02, -0.01, 0.01, 0.02)
"""Of pitch alone, of tempo alone, and of both together: a tape that runs too fast."""


def all_conditions(sample_rate_hz: int, seconds: float, seed: int) -> list[Condition]:
    """Return what there is to measure for cuts of up to `seconds`; codecs that this PyAV cannot encode are left out."""
    rate_hz = sample_rate_hz
    samples = round((CONTEXT_S + SPARE * seconds) * rate_hz) + 1
    pool = synthetic_noise(NOISES, samples, rate_hz, seed)
    found = [Condition("none", "none", "", rate_hz, lambda waveform, _: waveform)]
    noises = [(snr_db, Background(pool, (snr_db, snr_db))) for snr_db in SNR_DB]
    found += [Condition("noise", snr_db, "dB", rate_hz, _by_chance(noise, seed)) for snr_db, noise in noises]
    for t60_s in T60_S:
        span = (t60_s * (1 - ROOM_SPREAD), t60_s * (1 + ROOM_SPREAD))
        rooms = synthetic_rooms(ROOMS, rate_hz, seed, t60_s=span, device_share=0.0, devices=0.0)
        found.append(Condition("room", t60_s, "s", rate_hz, _by_chance(ImpulseResponse(rooms), seed)))
    for codec, rates in KBIT_S.items():
        if available(codec):
            found += [Condition(codec, kbit_s, "kbit/s", RATE_HZ, _through(codec, kbit_s)) for kbit_s in rates]
    for low_hz, high_hz in BANDS_HZ:
        band = BandPass(rate_hz, (low_hz, low_hz), (high_hz, high_hz))
        found.append(Condition("band", f"{low_hz}-{high_hz}", "Hz", rate_hz, _by_chance(band, seed)))
    for change in CHANGES:
        percent = round(100 * change, 3)
        found.append(Condition("pitch", percent, "%", rate_hz, _changed(rate_hz, pitch=1 + change)))
        found.append(Condition("tempo", percent, "%", rate_hz, _changed(rate_hz, tempo=1 + change)))
        found.append(Condition("speed", percent, "%", rate_hz, _changed(rate_hz, pitch=1 + change, tempo=1 + change)))
    return found


def _by_chance(step: Callable[[torch.Tensor, BatchRng], torch.Tensor], seed: int) -> Damage:
    """Return an augmentation as damage, drawn by the seed and a name: the same for every amount."""

    def damage(waveform: Float32, name: str) -> Float32:
        with torch.inference_mode():
            rows = step(torch.from_numpy(waveform.copy())[None], BatchRng(row_seeds(seed, 0, [name])))
        return np.asarray(rows[0].numpy())

    return damage


def _through(codec: str, kbit_s: int) -> Damage:
    return lambda waveform, _: coded(waveform, codec, kbit_s)


def _changed(sample_rate_hz: int, *, pitch: float = 1.0, tempo: float = 1.0) -> Damage:
    """Return what plays `tempo` times as fast and sounds `pitch` times as high: a change of speed, then of pitch."""
    cents = round(OCTAVE_CENTS * math.log2(pitch / tempo))

    def damage(waveform: Float32, _: str) -> Float32:
        played = resample(waveform, round(sample_rate_hz * tempo), sample_rate_hz)
        if not cents:
            return played
        with torch.inference_mode():
            shifted = pitch_shifted(torch.from_numpy(played.copy())[None], torch.tensor([cents]), sample_rate_hz)
        return np.asarray(shifted[0].numpy())

    return damage
