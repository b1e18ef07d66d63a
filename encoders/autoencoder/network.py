"""The autoencoder's network under its published names, in its published form and in one that can give negatives.

As published, each layer is LayerNorm, Linear, ReLU, Dropout, the last of either half included: no embedding and no
reconstruction is ever below 0, though the means of MFCC are, and the unscaled features let tempo and MFCC rule the
loss. The corrected form standardises the features inside, and its last layers have neither ReLU nor Dropout; the names
of the published arrays are the same, two arrays more hold the standardisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import UsageError
from ...schemas.vector import Float32

SIZES = (52, 300, 200, 100, 50, 20)
"""Widths of the published encoder, 103,674 parameters; with its decoder 207,316."""
DROPOUT = 0.1


class Layer(nn.Module):
    """LayerNorm, Linear, ReLU, Dropout; with `linear`, the first two alone."""

    def __init__(self, inputs: int, outputs: int, *, linear: bool = False) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.LayerNorm(inputs), nn.Linear(inputs, outputs)]
        self.lin = nn.Sequential(*parts, *([] if linear else [nn.ReLU(), nn.Dropout(DROPOUT)]))

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, outputs] of float32[b, inputs]."""
        lin: Tensor = self.lin(x)
        return lin


class Encoder(nn.Module):
    """Layers from sizes[0] features to sizes[-1] numbers, each narrower than the one before, but for the first.

    corrected: standardise first by the buffers `mean` and `scale`, float32[sizes[0]] both, which are 0 and 1 until
    somebody sets them, and leave the last layer linear. Raises UsageError for sizes that do not narrow.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, sizes: Sequence[int], *, corrected: bool = False) -> None:
        super().__init__()
        if not _narrows(sizes):
            raise UsageError(f"an encoder must narrow after its first size, unlike {'-'.join(map(str, sizes))}")
        self.corrected = corrected
        self.ends = sizes[0], sizes[-1]
        if corrected:
            self.register_buffer("mean", torch.zeros(sizes[0]))
            self.register_buffer("scale", torch.ones(sizes[0]))
        self.encoder = _layers(sizes, corrected)

    def standardised(self, x: Tensor) -> Tensor:
        """Return float32[b, sizes[0]] as the first layer takes it: of mean 0 and deviation 1, or as it is."""
        return (x - self.mean) / self.scale if self.corrected else x

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, sizes[-1]] of raw features float32[b, sizes[0]]."""
        embedded: Tensor = self.encoder(self.standardised(x))
        return embedded


class Decoder(nn.Module):
    """Layers from sizes[0] numbers to sizes[-1] features, each wider than the one before, but for the last.

    Raises UsageError for sizes that do not widen.
    """

    def __init__(self, sizes: Sequence[int], *, corrected: bool = False) -> None:
        super().__init__()
        if not _narrows(sizes[::-1]):
            raise UsageError(f"a decoder must widen before its last size, unlike {'-'.join(map(str, sizes))}")
        self.ends = sizes[0], sizes[-1]
        self.decoder = _layers(sizes, corrected)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, sizes[-1]]: features, or standardised ones in the corrected form."""
        decoded: Tensor = self.decoder(x)
        return decoded


class AutoEncoder(nn.Module):
    """An encoder and the decoder that mirrors it; raises UsageError where the two do not fit each other."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        if encoder.ends != decoder.ends[::-1]:
            raise UsageError(
                "an encoder from {} to {} needs a decoder back, not {}".format(*encoder.ends, decoder.ends)
            )
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, x: Tensor) -> Tensor:
        """Return the reconstruction float32[b, f], in the units of the features float32[b, f]."""
        decoded: Tensor = self.decoder(self.encoder(x))
        return decoded * self.encoder.scale + self.encoder.mean if self.encoder.corrected else decoded

    def loss(self, x: Tensor) -> Tensor:
        """Return the mean squared error of the reconstruction; in the corrected form, of standardised features."""
        decoded: Tensor = self.decoder(self.encoder(x))
        return nn.functional.mse_loss(decoded, self.encoder.standardised(x))


class AutoEncoderModel(nn.Module):
    """What the published program trains and saves: the names of its checkpoints begin with `autoencoder.`.

    Takes the `state_dict` of such a file, read with `torch.load(path, weights_only=True)`. lr: kept for those who ask.
    """

    def __init__(self, autoencoder: AutoEncoder, lr: float | None = None) -> None:
        super().__init__()
        self.autoencoder = autoencoder
        self.lr = lr

    def get_distance(self, a: Float32, b: Float32) -> float:
        """Return the mean Euclidean distance of the embedding of `a` float32[1, f] to those of `b` float32[n, f]."""
        self.eval()
        with torch.inference_mode():
            one, others = (self.autoencoder.encoder(torch.from_numpy(np.asarray(x, np.float32))) for x in (a, b))
            return float(torch.linalg.vector_norm(one - others, dim=1).mean())


def autoencoder(sizes: Sequence[int] = SIZES, *, corrected: bool = False) -> AutoEncoder:
    """Return a fresh autoencoder whose encoder has these sizes, initialised by PyTorch's global generator."""
    return AutoEncoder(Encoder(sizes, corrected=corrected), Decoder(sizes[::-1], corrected=corrected))


def _layers(sizes: Sequence[int], corrected: bool) -> nn.Sequential:
    last = len(sizes) - 2
    pairs = enumerate(pairwise(sizes))
    return nn.Sequential(*(Layer(*pair, linear=corrected and number == last) for number, pair in pairs))


def _narrows(sizes: Sequence[int]) -> bool:
    """Return whether there are two sizes or more, all above 0, and each but the second below the one before it."""
    return len(sizes) > 1 and min(sizes) > 0 and all(after < before for before, after in pairwise(sizes[1:]))
