"""From a segment of audio to the mel spectrogram that the network takes, in both published forms and our own.

Published clipping that cannot act is left out: NAFP raises its logarithms to -10 and then to -80, but with 0.06 added
before them they are never below -1.3, and never more than about 5 below their maximum.
"""

from __future__ import annotations

import math

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from .config import FingerprintConfig

_TINY = 1e-12
"""The least norm that a segment is divided by, and the least standard deviation."""


class LogMel(nn.Module):
    """The front end of `config`: no weights, nothing to load; the same in training and in use, on CPU and GPU."""

    def __init__(self, config: FingerprintConfig) -> None:
        super().__init__()
        self.config = config
        bands = torchaudio.functional.melscale_fbanks(
            config.n_fft // 2 + 1,
            config.f_min,
            config.f_max,
            config.n_mels,
            config.sample_rate_hz,
            norm=None if config.mel_norm == "none" else config.mel_norm,
            mel_scale=config.mel_scale,
        )
        self.window: Tensor
        self.bands: Tensor
        self.register_buffer("window", torch.hann_window(config.n_fft), persistent=False)
        self.register_buffer("bands", bands, persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return float32[b, n_mels, frames] of `waveforms` float32[b, segment_samples]."""
        return self.normalise(self.spectra(waveforms))

    def spectra(self, waveforms: Tensor) -> Tensor:
        """Return the logarithms float32[b, n_mels, frames], each segment by itself, before their normalisation."""
        config = self.config
        if config.remove_mean:
            waveforms = waveforms - waveforms.mean(1, keepdim=True)
        if config.waveform_norm != "none":
            order = math.inf if config.waveform_norm == "max" else 2.0
            waveforms = functional.normalize(waveforms, order, 1, _TINY)
        with torch.autocast(waveforms.device.type, enabled=False):
            bins = torch.stft(
                waveforms.float(),
                config.n_fft,
                config.hop_samples,
                window=self.window,
                pad_mode=config.padding,
                return_complex=True,
            )
            powers = torch.view_as_real(bins).square().sum(-1)
            mel = self.bands.T @ (powers if config.power == 2.0 else powers.sqrt())
        mel = mel + config.offset
        return mel.log10() if config.log == "log10" else mel.log()

    def normalise(self, spectra: Tensor) -> Tensor:
        """Return `spectra` float32[b, n_mels, frames] as the network takes them; the batch is all b of them."""
        config = self.config
        over = (0, 1, 2) if config.normalisation == "batch" else (1, 2)
        x = spectra
        if config.normalisation != "none":
            x = x - x.amax(over, keepdim=True)
        if config.floor_db:
            x = x.clamp_min(-self._floor())
        if config.rescale:
            half = x.amin(over, keepdim=True) / 2
            x = (x - half) / (half + 1e-10).abs()
        if config.standardise:
            x = x - x.mean((1, 2), keepdim=True)
            x = x / x.square().mean((1, 2), keepdim=True).sqrt().clamp_min(_TINY)
        return x

    def _floor(self) -> float:
        """Return floor_db in the units of the logarithm."""
        decades = self.config.floor_db / (10 if self.config.power == 2.0 else 20)
        return decades if self.config.log == "log10" else decades * math.log(10)
