"""Signatures: arguments, and the right direction as requirements, against the definitions written out here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symloss import Loss, zoo
from symloss.errors import OptionError
from symloss.signature import (
    PAIRWISE,
    SIGNATURES,
    Domain,
    Input,
    Labels,
    Link,
    Requirement,
    Role,
    Signature,
    signature_of,
)

POINTWISE = [one for one in SIGNATURES if isinstance(one, Domain)]


@pytest.mark.parametrize("domain", POINTWISE, ids=repr)
def test_wanted_signs_are_those_of_the_definition(domain: Domain) -> None:
    generator = np.random.default_rng(3)
    low, high = domain.yhat_range
    yhat = generator.uniform(max(low, -4), min(high, 4), 500)
    if domain.labels is Labels.BINARY:
        y = generator.integers(0, 2, 500).astype(float)
        expected = [1 if label == 0 else -1 for label in y]
    else:
        y = generator.uniform(max(domain.y_range[0], -4), min(domain.y_range[1], 4), 500)
        y[:5] = 0.0
        means = np.exp(yhat) if domain.input is Input.LOG else yhat
        expected = [
            1 if mean > label else -1 if mean < label else 0 for mean, label in zip(means, y, strict=True)
        ]
    assert domain.wanted_signs({"yhat": yhat, "y": y}).tolist() == expected
    for k in range(20):
        assert domain.wanted_sign({"yhat": yhat[k], "y": y[k]}) == expected[k]


def test_a_domain_is_a_signature() -> None:
    domain = Domain.of("binary", "score")
    assert isinstance(domain, Signature)
    assert (domain.name, domain.link, domain.predictions) == ("pointwise", Link.IDENTITY, ("yhat",))
    assert Domain() == Domain.of()
    assert Domain() != domain
    assert len(set(SIGNATURES)) == len(SIGNATURES) == 10
    prediction, label, eps = Domain().arguments
    assert [one.role for one in (prediction, label, eps)] == [Role.PREDICTION, Role.LABEL, Role.CONSTANT]
    assert 0.5 in prediction.values
    assert 0 not in prediction.values
    assert [value in label.values for value in (0, 0.5, 1)] == [True, False, True]
    assert math.inf not in Domain.of("real").arguments[1].values
    assert Domain().requirements[1].text == "slope of yhat <= 0 where y = 1"


def test_pairwise() -> None:
    assert PAIRWISE.requirements == (Requirement("pos", -1), Requirement("neg", 1))
    assert PAIRWISE.predictions == ("pos", "neg")
    assert PAIRWISE.wanted_sign({"pos": 0.3, "neg": 2.0}, "pos") == -1
    assert PAIRWISE.wanted_signs({"pos": np.zeros(3), "neg": np.ones(3)}, "neg").tolist() == [1, 1, 1]
    assert Loss("neg - pos").signature == PAIRWISE
    assert zoo.mse.signature == zoo.mse.domain == Domain()
    assert signature_of({"yhat", "y", "eps"}) is None
    assert signature_of({"pos"}) == PAIRWISE
    with pytest.raises(OptionError, match="not in both"):
        signature_of({"pos", "y"})
