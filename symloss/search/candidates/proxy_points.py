"""Where the proxy test looks: fixed pairs of a prediction and a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.signature import Domain, Input, Labels
from symloss.symbolic.direction.sampled import positive_labels

Float64 = NDArray[np.float64]

_STRATA = 20
_NEAR_THE_ENDS = (1e-7, 1e-4, 1e-2)
"""Some losses turn only where yhat is within eps of an end."""


@dataclass(frozen=True, eq=False)
class ProxyPoints:
    """P pairs on a domain.

    Attributes:
        yhat: float64[P], predictions.
        y: float64[P], labels.
        towards: float64[P], the sign that a gradient must have to push yhat to y: -1, 1, or 0 where yhat is y.
    """

    yhat: Float64
    y: Float64
    towards: Float64

    @classmethod
    def draw(cls, domain: Domain, seed: int) -> ProxyPoints:
        """Draw points that depend on `seed` and `domain` only.

        Predictions are uniform, one in each of 20 strata, with a few near the ends of (0, 1); scores
        are normal with deviation 2. With binary labels each prediction meets both; other labels are random.
        """
        generator = np.random.Generator(np.random.PCG64(seed))
        uniform = (np.arange(_STRATA) + generator.uniform(size=_STRATA)) / _STRATA
        if domain.input is Input.PROBABILITY:
            ends = np.array(_NEAR_THE_ENDS) * generator.uniform(0.5, 1.0, len(_NEAR_THE_ENDS))
            # far enough inside that a sampled point does not decide what happens in rounding error
            yhat = np.concatenate([np.clip(uniform, 1e-3, 1 - 1e-3), ends, 1 - ends])
        elif domain.input is Input.POSITIVE:
            yhat = np.exp(2.0 * generator.standard_normal(_STRATA + 2 * len(_NEAR_THE_ENDS)))
        else:
            yhat = 2.0 * generator.standard_normal(_STRATA + 2 * len(_NEAR_THE_ENDS))
        if domain.labels is Labels.BINARY:
            label = np.repeat([0.0, 1.0], len(yhat))
            yhat = np.tile(yhat, 2)
        else:
            yhat = np.tile(yhat, 2)
            if domain.labels is Labels.UNIT:
                label = generator.uniform(size=len(yhat))
            elif domain.labels is Labels.POSITIVE:
                label = positive_labels(generator, domain, yhat)
            else:
                label = 2.0 * generator.standard_normal(len(yhat))
        return cls(yhat, label, domain.wanted_signs({"yhat": yhat, "y": label}))
