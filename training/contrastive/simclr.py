"""The network that contrastive learning trains: an encoder, and a projector that is thrown away afterwards."""

from __future__ import annotations

from torch import Tensor, nn

from ...encoders.making import made_by_seed
from ...encoders.samplecnn import SampleCNN


class SimCLR(nn.Module):
    """An encoder without its head, and a projector of two linear layers without biases.

    Its state has the names of the published checkpoints: `encoder.*`, `projector.0.weight`, `projector.2.weight`. The
    projector has 294,912 parameters at full width and `projection_dim` 64.
    """

    def __init__(self, encoder: SampleCNN, projection_dim: int) -> None:
        super().__init__()
        encoder.fc = nn.Identity()
        self.encoder = encoder
        self.projector = nn.Sequential(
            nn.Linear(encoder.dim, encoder.dim, bias=False),
            nn.ReLU(),
            nn.Linear(encoder.dim, projection_dim, bias=False),
        )

    def forward(self, waveforms: Tensor) -> tuple[Tensor, Tensor]:
        """Return h float32[b, dim] and z float32[b, projection_dim] of `waveforms` float32[b, 59049]."""
        h = self.encoder(waveforms[:, None])
        return h, self.projector(h)


def fresh_simclr(width: float, projection_dim: int, seed: int) -> SimCLR:
    """Return a network initialised by `seed` alone, as PyTorch initialises its layers."""
    return made_by_seed(lambda: SimCLR(SampleCNN(width=width), projection_dim), seed)
