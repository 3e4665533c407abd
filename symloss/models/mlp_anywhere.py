"""The multilayer perceptron wherever it runs best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symloss.models.anywhere import Anywhere
from symloss.models.mlp import MultilayerPerceptron
from symloss.models.mlp_state import MLPState

if TYPE_CHECKING:
    from symloss.models.torch_model import TorchModel


class MultilayerPerceptronAnywhere(Anywhere):
    """The kernel on the CPU, torch on other devices."""

    def __init__(self) -> None:
        """Make a model."""
        super().__init__(MultilayerPerceptron(), MLPState)

    def _make_torch(self) -> TorchModel:
        from symloss.models.mlp_torch import TorchMultilayerPerceptron

        return TorchMultilayerPerceptron()
