"""Matrix factorisation wherever it runs best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symloss.models.anywhere import Anywhere
from symloss.models.mf import MatrixFactorisation, MFState

if TYPE_CHECKING:
    from symloss.models.torch_model import TorchModel


class MatrixFactorisationAnywhere(Anywhere):
    """The kernel on the CPU, torch on other devices, which is not imported before."""

    def __init__(self) -> None:
        """Make a model."""
        super().__init__(MatrixFactorisation(), MFState)

    def _make_torch(self) -> TorchModel:
        from symloss.models.mf_torch import TorchMatrixFactorisation

        return TorchMatrixFactorisation()
