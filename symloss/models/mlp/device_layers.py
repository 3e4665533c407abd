"""The layers of K perceptrons and their gradients as torch operations without autograd.

Tensors have axes (member, row, unit). Dense parameters lie in one vector a member, as
`symloss.models.mlp.packing` has them; its parts are views, so a gradient is written in
place and the optimizer makes one pass over all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from symloss.models.mlp import packing as at
from symloss.models.mlp.state import KEEP, MOMENTUM, NORM_EPS, WIDTHS

_IN, _HIDDEN, _LAST = WIDTHS[:3]


@dataclass(frozen=True, eq=False)
class Layer:
    """Views of a hidden layer's parameters, or of their gradients.

    Attributes:
        weight: shape (K, in, out).
        bias, gain, shift: shape (K, 1, out).
    """

    weight: Tensor
    bias: Tensor
    gain: Tensor
    shift: Tensor


@dataclass(frozen=True, eq=False)
class Dense:
    """Views of all dense parameters: two hidden layers, then one unit.

    Attributes:
        hidden: both layers.
        weight: shape (K, 1, 16).
        bias: shape (K, 1).
    """

    hidden: tuple[Layer, Layer]
    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, vector: Tensor) -> Dense:
        """View vectors of shape (K, DENSE)."""

        def part(start: int, rows: int, columns: int) -> Tensor:
            return vector[:, start : start + rows * columns].view(-1, rows, columns)

        def layer(starts: tuple[int, int, int, int], rows: int, columns: int) -> Layer:
            weight, *others = starts
            return Layer(part(weight, rows, columns), *(part(start, 1, columns) for start in others))

        first = layer((at.W1, at.B1, at.G1, at.S1), _IN, _HIDDEN)
        second = layer((at.W2, at.B2, at.G2, at.S2), _HIDDEN, _LAST)
        return cls((first, second), part(at.W3, 1, _LAST), vector[:, at.B3 : at.B3 + 1])


@dataclass(frozen=True, eq=False)
class Running:
    """Views of a layer's running mean and variance, shape (K, 1, out)."""

    mean: Tensor
    variance: Tensor

    @classmethod
    def both(cls, vector: Tensor) -> tuple[Running, Running]:
        """View vectors of shape (K, STATISTICS)."""

        def part(start: int, width: int) -> Tensor:
            return vector[:, None, start : start + width]

        return (
            cls(part(at.M1, _HIDDEN), part(at.V1, _HIDDEN)),
            cls(part(at.M2, _LAST), part(at.V2, _LAST)),
        )


@dataclass(frozen=True, eq=False)
class Activation:
    """What the gradient of a hidden layer needs of its forward pass.

    Attributes:
        entered: what the layer was given.
        normal: normalised, before gain and shift.
        inverse: what centred columns were multiplied with, shape (K, 1, out).
        left: what came out, after dropout.
    """

    entered: Tensor
    normal: Tensor
    inverse: Tensor
    left: Tensor


def forward(layer: Layer, running: Running, x: Tensor, kept: Tensor) -> Activation:
    """Apply linear, batch norm, ReLU and dropout; follow mean and variance in the running statistics.

    Args:
        layer, running: parameters and statistics.
        x: shape (K, n, in).
        kept: bool of shape (K, n, out).
    """
    z = torch.baddbmm(layer.bias, x, layer.weight)
    rows = z.shape[1]
    mean = z.mean(1, keepdim=True)
    z -= mean
    if rows > 1:
        variance = (z * z).mean(1, keepdim=True)
        inverse = (variance + NORM_EPS).rsqrt()
        running.mean.mul_(1 - MOMENTUM).add_(mean, alpha=MOMENTUM)
        running.variance.mul_(1 - MOMENTUM).add_(variance, alpha=MOMENTUM * rows / (rows - 1))
        z *= inverse
    else:
        # One row is its own mean, and there is no variance to learn from.
        inverse = torch.ones_like(mean)
    active = torch.addcmul(layer.shift, layer.gain, z).relu_().mul_(kept * (1 / KEEP))
    return Activation(x, z, inverse, active)


def backward(layer: Layer, made: Activation, by_left: Tensor, gradients: Layer) -> Tensor:
    """Write the gradients of a layer's parameters; return that of what it was given, shape (K, n, in).

    Args:
        layer: parameters.
        made: what `forward` returned.
        by_left: gradient by what came out, shape (K, n, out); overwritten.
        gradients: written.
    """
    rows = by_left.shape[1]
    by_normal = by_left.mul_(1 / KEEP).masked_fill_(~(made.left > 0), 0.0)
    torch.sum(by_normal, 1, keepdim=True, out=gradients.shift)
    torch.sum(by_normal * made.normal, 1, keepdim=True, out=gradients.gain)
    if rows > 1:
        by_normal -= (gradients.shift + made.normal * gradients.gain).div_(rows)
        by_normal *= layer.gain * made.inverse
    else:
        by_normal.zero_()
    torch.sum(by_normal, 1, keepdim=True, out=gradients.bias)
    gradients.weight.copy_(made.entered.transpose(1, 2) @ by_normal)
    return by_normal @ layer.weight.transpose(1, 2)


def fixed(layer: Layer, running: Running, x: Tensor) -> Tensor:
    """Apply linear, batch norm by running statistics, and ReLU."""
    z = torch.baddbmm(layer.bias, x, layer.weight)
    scale = layer.gain * (running.variance + NORM_EPS).rsqrt()
    return torch.addcmul(layer.shift, scale, z - running.mean).relu_()


def score(dense: Dense, active: Tensor) -> Tensor:
    """Return the last unit's output, shape (K, n)."""
    return (active * dense.weight).sum(2) + dense.bias
