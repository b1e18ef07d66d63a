"""The fingerprint network: separable convolutions, divide and encode, unit length.

Chang et al. (2021), section 2.3, with the variants of pfann, whose state names these are: `f.convs.{i}` are the blocks
(`conv1` along time, `conv2` along frequency, `ln1` and `ln2` whichever norm follows them), `g` divides and encodes.
"""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..making import Shapes, made_by_seed, shapes_of
from .config import FingerprintConfig


def same_padding(size: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after an axis that give a kernel of three TensorFlow's "SAME" padding.

    With stride 2 an even size is padded at its end alone, which no symmetric padding is equal to.
    """
    total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
    return total // 2, total - total // 2


class Block(nn.Module):
    """A convolution by three along time, one along frequency with stride 2, each with norm and activation.

    bands, frames: of the input, float32[b, inputs, bands, frames].
    """

    def __init__(
        self, config: FingerprintConfig, inputs: int, outputs: int, bands: int, frames: int, stride: int
    ) -> None:
        super().__init__()
        self.activation = functional.elu if config.activation == "elu" else functional.relu
        self.activation_last = config.activation_last
        self.padding1 = (*same_padding(frames, stride), 0, 0)
        self.padding2 = (0, 0, *same_padding(bands, 2))
        frames = -(-frames // stride)
        self.conv1 = nn.Conv2d(inputs, outputs, (1, 3), (1, stride))
        self.ln1 = _norm(config, [outputs, bands, frames])
        groups = outputs if config.depthwise else 1
        self.conv2 = nn.Conv2d(outputs, outputs, (3, 1), (2, 1), groups=groups)
        self.ln2 = _norm(config, [outputs, -(-bands // 2), frames])

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, outputs, bands / 2, frames / stride], both rounded up."""
        x = self._finish(self.ln1, self.conv1(functional.pad(x, self.padding1)))
        return self._finish(self.ln2, self.conv2(functional.pad(x, self.padding2)))

    def _finish(self, norm: nn.Module, x: Tensor) -> Tensor:
        finished: Tensor = self.activation(norm(x)) if self.activation_last else norm(self.activation(x))
        return finished


class _ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each band and frame (`layer_norm1d` of the published code)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def _norm(config: FingerprintConfig, shape: list[int]) -> nn.Module:
    """Return the norm of `config` for float32[b, *shape], shape = channels, bands, frames."""
    if config.norm == "layer2d":
        return nn.LayerNorm(shape, config.norm_eps)
    if config.norm == "layer1d":
        return _ChannelNorm(shape[0], config.norm_eps)
    return nn.BatchNorm2d(shape[0], config.norm_eps)


class DivideAndEncode(nn.Module):
    """Cuts a representation into `dim` slices, each of which two layers of its own bring to one number.

    Lai et al., "Simultaneous feature learning and hash coding with deep neural networks" (2015).
    """

    def __init__(self, width: int, dim: int, units: int) -> None:
        super().__init__()
        self.dim = dim
        self.linear1 = nn.Conv1d(width, dim * units, 1, groups=dim)
        self.linear2 = nn.Conv1d(dim * units, dim, 1, groups=dim)

    def forward(self, h: Tensor) -> Tensor:
        """Return float32[b, dim] of h float32[b, width]; grouped convolutions, worked out as products of matrices."""
        slices = h.reshape(len(h), self.dim, -1).transpose(0, 1)  # [dim, b, width / dim]
        hidden = functional.elu(self._each(self.linear1, slices))
        return self._each(self.linear2, hidden)[:, :, 0].T

    def _each(self, layer: nn.Conv1d, slices: Tensor) -> Tensor:
        """Return [dim, b, outputs] of slices [dim, b, inputs], each under its own part of `layer`."""
        weight = layer.weight.view(self.dim, -1, slices.shape[2])
        return slices @ weight.transpose(1, 2) + cast("Tensor", layer.bias).view(self.dim, 1, -1)


class _Blocks(nn.Module):
    """The blocks one after the other, under the published name `convs`."""

    def __init__(self, config: FingerprintConfig) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        bands, frames = config.n_mels, config.frames
        for (inputs, outputs), stride in zip(pairwise((1, *config.widths)), config.strides, strict=True):
            self.convs.append(Block(config, inputs, outputs, bands, frames, stride))
            bands, frames = -(-bands // 2), -(-frames // stride)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.convs:
            x = block(x)
        return x.flatten(1)


class FingerprintNet(nn.Module):
    """The network of `config`: 16,939,008 parameters as `nafp`, 16,914,432 as `pfann`, 699,040 as `small`."""

    def __init__(self, config: FingerprintConfig) -> None:
        super().__init__()
        self.config = config
        self.f = _Blocks(config)
        self.g = DivideAndEncode(config.widths[-1], config.dim, config.slice_units)

    def represent(self, mels: Tensor) -> Tensor:
        """Return f(.): float32[b, widths[-1]], what is divided and encoded, of mels float32[b, n_mels, frames]."""
        x = mels[:, None]
        if self.config.norm == "batch":  # convolutions want channels last, layer norms over all of a picture do not
            x = x.contiguous(memory_format=torch.channels_last)
        h: Tensor = self.f(x)
        return h

    def encode(self, represented: Tensor) -> Tensor:
        """Return L2(g(.)): float32[b, dim], rows of unit length, of what `represent` gave."""
        return functional.normalize(self.g(represented).float())

    def forward(self, mels: Tensor) -> Tensor:
        """Return float32[b, dim], rows of unit length, of mels float32[b, n_mels, frames]."""
        return self.encode(self.represent(mels))


def build_network(config: FingerprintConfig, seed: int = 0) -> FingerprintNet:
    """Return the network of `config`, initialised by `seed` alone as PyTorch initialises its layers.

    Its global generator is left as it was.
    """
    return made_by_seed(lambda: FingerprintNet(config), seed)


def state_shapes(config: FingerprintConfig) -> Shapes:
    """Return name -> shape of everything in the state of the network of `config`."""
    return shapes_of(lambda: FingerprintNet(config))


def for_inference(network: FingerprintNet) -> FingerprintNet:
    """Return a copy for use alone, within 1e-6: batch norms are folded into the convolutions that they follow."""
    network = copy.deepcopy(network).eval().requires_grad_(False)
    if network.config.norm != "batch":
        return network
    if network.config.activation_last:
        for block in network.f.convs:
            for norm, convolution in (("ln1", "conv1"), ("ln2", "conv2")):
                layers = block.get_submodule(convolution), block.get_submodule(norm)
                block.set_submodule(convolution, fuse_conv_bn_eval(*cast("tuple[nn.Conv2d, nn.BatchNorm2d]", layers)))
                block.set_submodule(norm, nn.Identity())
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
