"""Statistics over time of a bundle of tracks, float32[tracks, frames]: what becomes of a curve when time is left out.

No function here calls BLAS: a matrix product may sum in another order when it is given other threads, these sums never
do.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal

from ..schemas.arrays import Float32


def moments(tracks: Float32, least: float = 1e-6) -> tuple[Float32, Float32, Float32, Float32]:
    """Return mean, standard deviation, skewness and log(1 + kurtosis) of each track, float32[tracks] each.

    `least`, in the units of the tracks to the power 3 or 4, keeps the shape of a constant track finite.
    """
    mean = tracks.mean(axis=-1)
    off = tracks - mean[:, None]
    square = off * off
    variance = square.mean(axis=-1)
    deviation = np.sqrt(variance)
    skewness = (square * off).mean(axis=-1) / (variance * deviation + least)
    kurtosis = (square * square).mean(axis=-1) / (variance * variance + least)
    return mean, deviation, skewness, np.log1p(kurtosis)


def quantiles(tracks: Float32, *shares: float) -> list[Float32]:
    """Return the value that each of `shares` of a track's frames do not exceed, float32[tracks] per share."""
    ordered = np.sort(tracks, axis=-1)
    last = tracks.shape[-1] - 1
    return [ordered[:, round(share * last)] for share in shares]


def weighted_moments(tracks: Float32, weight: Float32) -> tuple[Float32, Float32]:
    """Return mean and standard deviation of each track where frame t counts `weight[t]`; the weights sum to 1."""
    mean = np.einsum("it,t->i", tracks, weight)
    off = tracks - mean[:, None]
    return mean, np.sqrt(np.einsum("it,t->i", off * off, weight))


def mean_step(tracks: Float32) -> Float32:
    """Return the mean magnitude of the change from frame to frame, float32[tracks]."""
    mean: Float32 = np.abs(np.diff(tracks, axis=-1)).mean(axis=-1)
    return mean


def correlations(tracks: Float32, least_variance: float) -> Float32:
    """Return the correlation of every pair of tracks, float32[tracks (tracks - 1) / 2].

    A track that varies by less than `least_variance` correlates with nothing.
    """
    off = tracks - tracks.mean(axis=-1, keepdims=True)
    off /= np.sqrt((off * off).mean(axis=-1, keepdims=True) + np.float32(least_variance))
    product: Float32 = np.einsum("it,jt->ij", off, off) / np.float32(tracks.shape[-1])
    return product[np.triu_indices(len(tracks), 1)]


def slopes(tracks: Float32, reach: int = 4) -> Float32:
    """Return the slope per frame of the line through each frame and `reach` neighbours on either side.

    float32[tracks, frames - 2 reach]: the regression "deltas" of speech recognition.
    """
    frames = tracks.shape[-1] - 2 * reach
    norm = 2 * sum(step * step for step in range(1, reach + 1))
    total = np.zeros((len(tracks), frames), np.float32)
    for step in range(1, reach + 1):
        ahead, behind = tracks[:, reach + step :][:, :frames], tracks[:, reach - step :][:, :frames]
        total += np.float32(step / norm) * (ahead - behind)
    return total


def autocorrelation(track: Float32, lags: tuple[int, ...], least: float = 1e-3) -> Float32:
    """Return the autocorrelation of float32[frames] at `lags` (frames), 0 beyond the end, float32[len(lags)]."""
    off = track - track.mean()
    length = scipy.fft.next_fast_len(len(off) + max(lags), real=True)
    spectrum = scipy.fft.rfft(off, length, workers=1)
    power = spectrum.real**2 + spectrum.imag**2
    products = scipy.fft.irfft(power, length, workers=1)
    share: Float32 = products[list(lags)] / (products[0] + np.float32(least))
    return share


def modulation(tracks: Float32, rates_hz: tuple[float, ...], frames_per_s: float, least: float) -> Float32:
    """Return how a track's variation is spread over the rates between neighbours of `rates_hz`, in log of the share.

    float32[tracks * (len(rates_hz) - 1)], of densities of the curve's power spectrum; one below `least` is none.
    """
    frames = tracks.shape[-1]
    window = scipy.signal.get_window("hann", frames).astype(np.float32)
    length = scipy.fft.next_fast_len(max(frames, 256), real=True)
    spectrum = scipy.fft.rfft((tracks - tracks.mean(axis=-1, keepdims=True)) * window, length, axis=-1, workers=1)
    power = (spectrum.real**2 + spectrum.imag**2) / np.float32(frames)
    edges = np.ceil(np.array(rates_hz) * length / frames_per_s).astype(int)
    density = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1) / np.diff(edges).astype(np.float32)
    least32 = np.float32(least)
    share: Float32 = np.log(density + least32) - np.log(density.sum(axis=1, keepdims=True) + least32)
    return share.ravel()
