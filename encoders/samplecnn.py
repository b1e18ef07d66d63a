"""SampleCNN: ten convolutions by three over raw samples, the network of CLMR.

Lee et al., "Sample-level deep convolutional neural networks for music auto-tagging" (2017), as trained by Spijkervet
and Burgoyne, "Contrastive learning of musical representations" (2021). Layers and state names are those of the
published checkpoints: `sequential.{0..10}.0` is a convolution, `.1` its batch normalisation, and `fc` the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import BadInput
from .making import shapes_of

WINDOW = 3**10
"""Samples of one window: 59,049, which ten strides by three bring to a single frame."""

CHANNELS = (128, 128, 128, 256, 256, 256, 256, 256, 256, 512)
"""Channels after `sequential.0` to `sequential.9` at width 1; `sequential.10` keeps the last."""

DIM = CHANNELS[-1]
"""Length of the representation of one window at width 1."""

MAX_WIDTH = 8

_FIRST = "sequential.0.0.weight"


def channels(width: float) -> tuple[int, ...]:
    """Return CHANNELS times `width`; raise BadInput unless that is a multiple of 1/128, of at most MAX_WIDTH."""
    first = width * CHANNELS[0]
    if not 1 <= first <= MAX_WIDTH * CHANNELS[0] or first != int(first):
        raise BadInput(
            f"width is {width}; SampleCNN has widths of k/{CHANNELS[0]}, k a whole number, up to {MAX_WIDTH}"
        )
    return tuple(int(first) * (count // CHANNELS[0]) for count in CHANNELS)


class SampleCNN(nn.Module):
    """The published network; 2,368,512 parameters without a head, 2,394,162 with `n_classes=50`.

    n_classes: outputs of the head `fc`, None for no head; supervised: drop half of the representation before the head
    while training, as the published supervised baseline does; width: channels, in multiples of the published ones.
    """

    def __init__(self, n_classes: int | None = None, *, supervised: bool = False, width: float = 1.0) -> None:
        super().__init__()
        sizes = channels(width)
        self.dim = sizes[-1]
        middle = [Block(inputs, outputs, pooled=True) for inputs, outputs in pairwise(sizes)]
        self.sequential = nn.Sequential(First(sizes[0]), *middle, Block(self.dim, self.dim))
        self.dropout = nn.Dropout(0.5) if supervised else nn.Identity()
        self.fc: nn.Module = nn.Identity() if n_classes is None else nn.Linear(self.dim, n_classes)

    def represent(self, waveforms: Tensor) -> Tensor:
        """Return h: float32[b, dim * frames], never negative, of `waveforms` float32[b, 1, n]; frames = n // 59,049."""
        h: Tensor = self.sequential(waveforms)
        return h.flatten(1)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return logits: float32[b, n_classes] of `waveforms` float32[b, 1, 59049]; without a head, h."""
        logits: Tensor = self.fc(self.dropout(self.represent(waveforms)))
        return logits


class Block(nn.Sequential):
    """Convolution, batch normalisation, ReLU and, where `pooled`, a maximum of three: float32[b, channels, 1, n].

    The layers hold the weights; they are worked out in two dimensions, the first of length 1, since torch has channels
    last for these. On a CPU a step of training takes two thirds of the time, in bfloat16 less than a third.
    """

    def __init__(self, inputs: int, outputs: int, *, pooled: bool = False) -> None:
        super().__init__(nn.Conv1d(inputs, outputs, 3, padding=1), Norm(outputs), nn.ReLU())
        self.pooled = pooled

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, outputs, 1, n], or n // 3 where pooled, of x float32[b, inputs, 1, n]."""
        convolution = _convolution(self)
        x = functional.conv2d(x, convolution.weight[:, :, None], convolution.bias, padding=(0, 1))
        x = self[1](x)
        if self.pooled:
            x = functional.max_pool2d(x, (1, 3))  # before the ReLU, which changes nothing and leaves it a third
        return x.relu_()


class First(nn.Sequential):
    """The first block: its kernels lie side by side, so that they are one product of matrices."""

    def __init__(self, outputs: int) -> None:
        super().__init__(nn.Conv1d(1, outputs, 3, stride=3), Norm(outputs), nn.ReLU())

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return float32[b, outputs, 1, n // 3], channels last, of `waveforms` float32[b, 1, n]."""
        convolution = _convolution(self)
        x = functional.linear(waveforms[:, 0].unfold(1, 3, 3), convolution.weight[:, 0], convolution.bias)
        normed: Tensor = self[1](x.transpose(1, 2)[:, :, None])
        return normed.relu_()


class Norm(nn.BatchNorm1d):
    """Batch normalisation of float32[b, channels, 1, n] too, as of any other shape with channels second."""

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002  (its name in torch)
        """Take it as it is."""


def _convolution(block: nn.Sequential) -> nn.Conv1d:
    return cast("nn.Conv1d", block[0])


def state_shapes(width: float = 1.0) -> dict[str, tuple[int, ...]]:
    """Return name -> shape of everything in the state of a SampleCNN without a head."""
    return shapes_of(lambda: SampleCNN(width=width))


def width_of(shapes: Mapping[str, tuple[int, ...]]) -> float:
    """Return the width of the SampleCNN in a state of these shapes, whatever precedes its names.

    1.0 where its first layer is not there, or is none: what checks the state against that width says so.
    """
    shape = next((shape for name, shape in shapes.items() if name == _FIRST or name.endswith("." + _FIRST)), ())
    if len(shape) != 3 or not 1 <= shape[0] <= MAX_WIDTH * CHANNELS[0]:
        return 1.0
    return shape[0] / CHANNELS[0]


class FoldedSampleCNN(nn.Module):
    """`SampleCNN.represent` for inference alone: within 1e-6 of it, and about 1.6 times as fast on a CPU.

    Each batch normalisation is folded into its convolution; activations lie channels last (which torch has for two
    dimensions, so the first has length 1); pooling comes before the ReLU, which changes nothing and leaves it a third.
    """

    def __init__(self, network: SampleCNN) -> None:
        super().__init__()
        state = network.state_dict()
        names = [f"sequential.{layer}" for layer in range(len(network.sequential))]
        self.layers = nn.ModuleList(_fold(state, name, first=name == names[0]) for name in names)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return float32[b, dim * frames] of `waveforms` float32[b, 1, n]."""
        x = waveforms[:, :, None]  # [b, 1, 1, n]
        for position, layer in enumerate(self.layers):
            x = layer(x)
            if 0 < position < len(self.layers) - 1:
                x = functional.max_pool2d(x, (1, 3))
            x = x.relu_()
        return x.flatten(1)


def _fold(state: Mapping[str, Tensor], name: str, *, first: bool) -> nn.Conv2d:
    """Return convolution and batch normalisation of the block `name` as one convolution over [b, channels, 1, n]."""
    kernel, bias, gain, shift = (state[f"{name}.{part}"] for part in ("0.weight", "0.bias", "1.weight", "1.bias"))
    mean, variance = state[f"{name}.1.running_mean"], state[f"{name}.1.running_var"]
    scale = gain / torch.sqrt(variance + nn.BatchNorm1d(1).eps)
    outputs, inputs, width = kernel.shape
    stride, padding = (1, 3 if first else 1), (0, 0 if first else 1)
    layer = nn.Conv2d(inputs, outputs, (1, width), stride, padding, device="meta")  # draws no random numbers
    folded = {"weight": (kernel * scale[:, None, None])[:, :, None], "bias": (bias - mean) * scale + shift}
    layer.load_state_dict(folded, assign=True)
    return layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
