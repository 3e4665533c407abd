"""Where the proxy test looks: fixed points, each a value for every argument of a loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.signature import Domain, Input, Labels, Role, Signature, Values
from symloss.symbolic.direction.sampled import positive_labels

Float64 = NDArray[np.float64]

_STRATA = 20
_NEAR_THE_ENDS = (1e-7, 1e-4, 1e-2)
"""Some losses turn only where yhat is within eps of an end."""
_COUNT = 2 * (_STRATA + 2 * len(_NEAR_THE_ENDS))
"""How many points there are."""


@dataclass(frozen=True, eq=False)
class ProxyPoints:
    """P points of a signature, and what its requirements say of a gradient there.

    A gradient is P numbers for the first prediction of the signature, then P for the next.

    Attributes:
        values: float64[P] for each argument but eps, by name.
        towards: the sign that each entry of a gradient must have: -1, 1, or 0 where nothing is required.
        parts: entries of a gradient that must not be zero together: those of one label, or of one prediction.
    """

    values: Mapping[str, Float64]
    towards: Float64
    parts: tuple[NDArray[np.bool_], ...]

    @classmethod
    def draw(cls, signature: Signature, seed: int) -> ProxyPoints:
        """Draw points that depend on `seed` and `signature` only.

        Predictions of a pointwise loss are uniform, one in each of 20 strata, with a few near the ends of (0, 1);
        scores are normal with deviation 2. With binary labels each prediction meets both; other labels are random.
        The arguments of other losses are drawn independently.
        """
        generator = np.random.Generator(np.random.PCG64(seed))
        if isinstance(signature, Domain):
            values = _pointwise(signature, generator)
        else:
            values = {
                one.name: _drawn(one.values, generator)
                for one in signature.arguments
                if one.role in (Role.PREDICTION, Role.LABEL)
            }
        signs = [signature.wanted_signs(values, name) for name in signature.predictions]
        parts = []
        for plane, name in enumerate(signature.predictions):
            cases = [one.holds_at(values) for one in signature.cases if one.slope_of == name]
            for inside in cases or [signs[plane] != 0]:
                part = np.zeros((len(signs), _COUNT), np.bool_)
                part[plane] = inside
                parts.append(part.ravel())
        return cls(values, np.concatenate(signs), tuple(parts))


def _pointwise(domain: Domain, generator: np.random.Generator) -> dict[str, Float64]:
    uniform = (np.arange(_STRATA) + generator.uniform(size=_STRATA)) / _STRATA
    if domain.input is Input.PROBABILITY:
        ends = np.array(_NEAR_THE_ENDS) * generator.uniform(0.5, 1.0, len(_NEAR_THE_ENDS))
        # far enough inside that a sampled point does not decide what happens in rounding error
        yhat = np.concatenate([np.clip(uniform, 1e-3, 1 - 1e-3), ends, 1 - ends])
    elif domain.input is Input.POSITIVE:
        yhat = np.exp(2.0 * generator.standard_normal(_COUNT // 2))
    else:
        yhat = 2.0 * generator.standard_normal(_COUNT // 2)
    label = np.repeat([0.0, 1.0], len(yhat))
    yhat = np.tile(yhat, 2)
    if domain.labels is Labels.UNIT:
        label = generator.uniform(size=len(yhat))
    elif domain.labels is Labels.POSITIVE:
        label = positive_labels(generator, domain, yhat)
    elif domain.labels is Labels.REAL:
        label = 2.0 * generator.standard_normal(len(yhat))
    return {"yhat": yhat, "y": label}


def _drawn(values: Values, generator: np.random.Generator) -> Float64:
    """Return values of one argument: uniform on an interval, normal on the line, lognormal above an end."""
    if values.only:
        return generator.choice(np.array(values.only, np.float64), _COUNT)
    if math.isfinite(values.low) and math.isfinite(values.high):
        inside = np.clip(generator.uniform(size=_COUNT), 1e-3, 1 - 1e-3)
        return np.asarray(values.low + (values.high - values.low) * inside, np.float64)
    normal = 2.0 * generator.standard_normal(_COUNT)
    if math.isfinite(values.low):
        return values.low + np.exp(normal)
    return values.high - np.exp(normal) if math.isfinite(values.high) else normal
