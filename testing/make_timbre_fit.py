"""Make the fit that ships with `timbre`, for stores too small for one of their own: scenes by synthesis.

    python -m echodex.testing.make_timbre_fit

A scene is one to three sounds of `recordings`, or a tone, sweep or noise, each somewhere in time, under noise of some
colour, heard through some band: the statistics should vary in as many ways as those of real clips do. Nothing is
recorded. The same file on one machine. Run it again whenever the statistics of `timbre` change, and raise its version.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import scipy.signal
from safetensors.numpy import save_file

from ..encoders.projection import fit_projection
from ..encoders.timbre import DIM, SHIPPED
from ..encoders.timbre_features import describe
from ..encoders.timbre_spectra import SAMPLE_RATE_HZ
from .noises import SLOPES, band_noise, noise, slow_curve
from .recordings import LABELS
from .tones import Float32, Float64, fade, frames, to_peak

CLIPS = 3072
SEED = 20_260
SECONDS = (0.15, 12.0)
"""Shortest and longest scene; lengths are even in the logarithm, with a mean near 3 s."""
QUIETEST_DB = -55.0
"""Level of the quietest layer under the loudest."""


def draw_scene(rng: np.random.Generator) -> Float32:
    """Return float32[n] at SAMPLE_RATE_HZ: a scene drawn by `rng`."""
    count = frames(float(np.exp(rng.uniform(*np.log(SECONDS)))), SAMPLE_RATE_HZ)
    scene = np.zeros(count)
    for layer in range(int(rng.choice([1, 2, 3], p=(0.5, 0.3, 0.2)))):
        level_db = rng.uniform(-30, 0) if layer else 0.0
        scene += 10 ** (level_db / 20) * _placed(count, rng)
    if rng.random() < 0.8:
        scene += 10 ** (rng.uniform(QUIETEST_DB, -10) / 20) * 0.3 * noise(str(rng.choice(list(SLOPES))), count, rng)
    return to_peak(_heard_through(scene, rng), rng.uniform(-40, 0))


def _placed(count: int, rng: np.random.Generator) -> Float64:
    """Return float64[count] with a sound somewhere in it, once or again and again."""
    share = 1.0 if rng.random() < 0.5 else float(np.exp(rng.uniform(np.log(0.03), 0)))
    length = max(round(share * count), min(count, SAMPLE_RATE_HZ // 20))
    sound = _sound(length, rng)
    out = np.zeros(count)
    repeats = 1 if rng.random() < 0.6 else int(rng.integers(2, 12))
    for _ in range(repeats):
        start = int(rng.integers(0, count - length + 1))
        out[start : start + length] += sound * rng.uniform(0.3, 1.0)
    return out


def _sound(count: int, rng: np.random.Generator) -> Float64:
    """Return float64[count], peak 1: an instrument or texture (half of the time), a noise, or a tone."""
    kind = rng.random()
    if kind < 0.5:
        draw = LABELS[str(rng.choice(list(LABELS)))]
        seconds = count / SAMPLE_RATE_HZ
        return to_peak(draw(rng, seconds).render(seconds, SAMPLE_RATE_HZ, rng))[:count].astype(np.float64)
    samples = _noise(count, rng) if kind < 0.8 else _tone(count, rng)
    shaped = _wavering(samples, rng) if rng.random() < 0.6 else samples
    return to_peak(fade(shaped, SAMPLE_RATE_HZ, 10 ** rng.uniform(-3, -0.5), 10 ** rng.uniform(-3, 0))).astype(
        np.float64
    )


def _noise(count: int, rng: np.random.Generator) -> Float64:
    """Return coloured noise, or noise of a band between 60 Hz and 7.6 kHz."""
    if rng.random() < 0.4:
        return noise(str(rng.choice(list(SLOPES))), count, rng)
    low, high = np.sort(np.exp(rng.uniform(np.log(60), np.log(7600), size=2)))
    return band_noise(low, max(high, 1.2 * low), count, SAMPLE_RATE_HZ, rng)


def _tone(count: int, rng: np.random.Generator) -> Float64:
    """Return a tone with some harmonics whose pitch stays, glides or wanders."""
    ends_hz = np.exp(rng.uniform(np.log(60), np.log(4000), size=2))
    path = np.linspace(0, 1, count) if rng.random() < 0.5 else slow_curve(count, int(rng.integers(3, 30)), rng)
    moves = rng.choice([0.0, 0.1, 1.0])
    phase = 2 * np.pi * np.cumsum(ends_hz[0] * (ends_hz[1] / ends_hz[0]) ** (moves * path)) / SAMPLE_RATE_HZ
    tilt, most = rng.uniform(0.3, 2.5), int(min(7200 / ends_hz.max(), rng.integers(1, 20)))
    return np.asarray(
        sum(np.sin(k * phase + rng.uniform(0, 6)) / k**tilt for k in range(1, max(most, 1) + 1)), np.float64
    )


def _wavering(samples: Float64, rng: np.random.Generator) -> Float64:
    """Return the samples under a gain that pulses (0.5 to 30 Hz), decays or wanders."""
    time_s = np.arange(len(samples)) / SAMPLE_RATE_HZ
    kind, seconds = rng.random(), len(samples) / SAMPLE_RATE_HZ
    if kind < 0.4:
        pulse = 0.5 + 0.5 * np.cos(2 * np.pi * np.exp(rng.uniform(np.log(0.5), np.log(30))) * time_s)
        return np.asarray(samples * pulse ** rng.uniform(0.5, 8))
    if kind < 0.7:
        return samples * np.exp(-time_s / (seconds * rng.uniform(0.03, 0.5)))
    curve = slow_curve(len(samples), max(int(seconds * rng.uniform(1, 20)), 2), rng)
    return samples * 10 ** (-rng.uniform(0.5, 2.5) * curve)


def _heard_through(scene: Float64, rng: np.random.Generator) -> Float64:
    """Return the scene through a gentle high-pass, low-pass or both, as microphones have them; or as it is."""
    if rng.random() < 0.5:
        top = np.exp(rng.uniform(np.log(1500), np.log(7500)))
        scene = scipy.signal.lfilter(*scipy.signal.butter(int(rng.integers(1, 5)), top, fs=SAMPLE_RATE_HZ), scene)
    if rng.random() < 0.3:
        low = np.exp(rng.uniform(np.log(50), np.log(600)))
        scene = scipy.signal.lfilter(
            *scipy.signal.butter(int(rng.integers(1, 3)), low, "high", fs=SAMPLE_RATE_HZ), scene
        )
    return scene


def describe_scene(number: int) -> Float32:
    """Return the statistics of scene `number`, float32[RAW]."""
    return describe(draw_scene(np.random.default_rng([SEED, number])))


def main(report: Callable[[str], object] = print) -> None:
    """Write SHIPPED."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        raw = np.stack(list(pool.map(describe_scene, range(CLIPS), chunksize=64)))
    save_file(fit_projection(raw, DIM).arrays(), SHIPPED)
    report(f"{SHIPPED.name}: fitted on {CLIPS} scenes, {SHIPPED.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
