"""From parts to a record: levels, a room, an equaliser, two channels as one, compression, saturation, fades, breaks."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from ...audio.augment.synthetic_rooms import draw_room, room_response
from ..noises import noise
from ..tones import Float32, Float64
from .voices import log_uniform

BLOCK_S = 0.01
"""What compression and levels look at."""
FADES = ((0, 1, 1, 1, 1, 1), (1, 1, 1, 1, 0.5, 0.03), (0.1, 0.2, 0.4, 0.7, 1, 1), (1, 0.3, 1, 0.4, 1, 0.6))
"""Levels at every fifth of a piece."""


def loudness(sound: Float32, sample_rate_hz: int) -> float:
    """Return the root mean square of what is heard of a sound: of blocks within 20 dB of the loudest."""
    size = max(int(5 * BLOCK_S * sample_rate_hz), 1)
    blocks = np.mean(np.square(sound[: len(sound) // size * size].reshape(-1, size)), axis=1)
    return float(np.sqrt(np.mean(blocks[blocks >= 0.01 * np.max(blocks, initial=0.0)]))) if len(blocks) else 0.0


def mixed(parts: list[tuple[Float32, float, float]], sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return float32[n]: (sound, level in dB, how much of it goes to the room) added up, in one room, equalised."""
    samples = len(parts[0][0])
    dry, sent = np.zeros(samples, np.float32), np.zeros(samples, np.float32)
    for sound, level_db, send in parts:
        loud = loudness(sound, sample_rate_hz)
        gain = np.float32(10 ** (level_db / 20) / loud if loud > 1e-6 else 0.0)
        dry += gain * sound
        sent += gain * np.float32(send) * sound
    t60_s = log_uniform(rng, 0.12, 2.5)
    tail = room_response(draw_room((t60_s, t60_s), rng), int(0.7 * t60_s * sample_rate_hz) + 64, sample_rate_hz, rng)
    tail[0] = 0.0
    tail *= 10 ** (rng.uniform(-35, -4) / 20) / np.sqrt(np.sum(tail**2) + 1e-9)
    size = scipy.fft.next_fast_len(samples + len(tail), real=True)
    spectrum = scipy.fft.rfft(dry, size) + scipy.fft.rfft(sent, size) * scipy.fft.rfft(tail.astype(np.float32), size)
    spectrum *= _equaliser(size, sample_rate_hz, rng).astype(np.complex64)
    return np.asarray(scipy.fft.irfft(spectrum, size)[:samples], np.float32)


def _equaliser(size: int, sample_rate_hz: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Return complex128[size / 2 + 1]: a smooth curve, perhaps with no bass or no treble, and two channels as one."""
    hz = scipy.fft.rfftfreq(size, 1 / sample_rate_hz)
    octave = np.log2(np.maximum(hz, 20) / 20)
    knots = rng.normal(0, rng.uniform(0, 5), 9)
    gain_db = np.interp(octave, np.arange(9), knots) + rng.uniform(-2, 2) * (octave - 5)
    gain = 10 ** (gain_db / 20) / (1 + (log_uniform(rng, 20, 300) / np.maximum(hz, 1)) ** 4)
    if rng.random() < 0.15:
        gain /= 1 + (hz / log_uniform(rng, 1200, 3800)) ** 6
    if rng.random() < 0.2:
        delay_s = log_uniform(rng, 1e-4, 3e-3)
        return np.asarray(gain * (1 + rng.uniform(0.1, 0.6) * np.exp(-2j * np.pi * hz * delay_s)))
    return np.asarray(gain, np.complex128)


def mastered(sound: Float32, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return float32[n] as a record leaves the house: compressed, saturated, faded, with breaks and hiss; peak <= 1."""
    sound = sound / np.float32(max(loudness(sound, sample_rate_hz), 1e-6))
    if rng.random() < 0.6:
        sound = _compressed(sound, sample_rate_hz, rng)
    if rng.random() < 0.3:
        push = np.float32(log_uniform(rng, 0.05, 1.0))
        sound = np.tanh(push * sound) / push
    if rng.random() < 0.25:
        sound = sound * _breaks(len(sound), sample_rate_hz, rng)
    if rng.random() < 0.2:
        sound = sound * _fades(len(sound), rng)
    if rng.random() < 0.3:
        level = np.float32(10 ** (rng.uniform(-85, -40) / 20))
        sound = sound + level * noise(str(rng.choice(["white", "pink"])), len(sound), rng).astype(np.float32)
    peak = float(np.max(np.abs(sound)))
    wanted = 10 ** (rng.uniform(-12, 0) / 20)
    return (sound * (0.999 * wanted / peak if peak > 1e-6 else 0.0)).astype(np.float32)


def _compressed(sound: Float32, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return the sound with its loud blocks turned down, slower up than down."""
    size = max(int(BLOCK_S * sample_rate_hz), 1)
    padded = np.pad(sound, (0, -len(sound) % size)).reshape(-1, size)
    level_db = 10 * np.log10(np.mean(padded**2, axis=1) + 1e-6)
    threshold_db, ratio = rng.uniform(-18, 0), log_uniform(rng, 1.3, 8)
    wanted_db = -np.maximum(level_db - threshold_db, 0) * (1 - 1 / ratio)
    pole = np.exp(-BLOCK_S / log_uniform(rng, 0.02, 0.4))
    slow_db = np.minimum(scipy.signal.lfilter([1 - pole], [1, -pole], wanted_db), 0.7 * wanted_db)
    return sound * _line(10 ** (slow_db / 20), len(sound), size)


def _line(points: Float64, count: int, size: int) -> Float32:
    """Return float32[count]: lines through points `size` frames apart."""
    at = np.arange(count, dtype=np.float32) / size
    return np.interp(at, np.arange(len(points)), points).astype(np.float32)


def _breaks(count: int, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return a gate that closes one to three times, for a moment or for seconds."""
    gate = np.ones(count // 64 + 2)
    for _ in range(int(rng.integers(1, 4))):
        start, length = rng.integers(len(gate)), int(log_uniform(rng, 0.15, 2.5) * sample_rate_hz / 64)
        gate[start : start + length] = float(rng.choice([0.0, 0.0, 0.1]))
    return _line(gate, count, 64)


def _fades(count: int, rng: np.random.Generator) -> Float32:
    """Return a level that rises at the start, falls at the end, or swells."""
    return _line(np.array(FADES[rng.integers(len(FADES))]), count, -(-count // 5))
