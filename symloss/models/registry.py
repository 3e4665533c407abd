"""Models by name: the one place that a new model is listed in."""

from __future__ import annotations

from symloss.errors import OptionError, unknown_name
from symloss.models.trainer import Recommender

NAMES = ("mf", "mlp")
"""The models there are."""


def get(name: str) -> Recommender:
    """Return the model with that name.

    Raises:
        OptionError: there is none.
    """
    # Imported here: the one needs Numba, the other torch, both take time.
    if name == "mf":
        from symloss.models.fused import MatrixFactorisationAnywhere

        return MatrixFactorisationAnywhere()
    if name == "mlp":
        from symloss.models.fused import MultilayerPerceptronAnywhere

        return MultilayerPerceptronAnywhere()
    raise OptionError(unknown_name("model", name, NAMES, "--model takes one of these"))
