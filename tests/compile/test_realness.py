"""A loss for probabilities is refused for real labels, and so is a formula that is not real for scores."""

from __future__ import annotations

import pytest

import symloss as sl
from symloss import zoo
from symloss.compile.realness import refuse_unreal
from symloss.contest.evaluation import evaluate
from symloss.data import LoadOptions, SyntheticOptions, load
from symloss.errors import DomainError
from symloss.export import TARGETS, export
from symloss.models import registry
from symloss.training import TrainingSettings

REAL = {entry.name for entry in zoo.ENTRIES if entry.labels == "real"}


@pytest.mark.parametrize("name", zoo.names())
def test_the_zoo_knows_its_labels(name: str) -> None:
    loss = zoo.get(name).with_domain("real", "score")
    if name in REAL:
        refuse_unreal(loss)
        return
    with pytest.raises(DomainError, match="not for real labels"):
        refuse_unreal(loss)
    for target in TARGETS:
        if target in ("latex", "json"):
            export(loss, target)
        else:
            with pytest.raises(DomainError):
                export(loss, target)


@pytest.mark.parametrize(
    "formula",
    ["-(y*log(yhat) + (1 - y)*log(1 - yhat))", "sqrt(yhat) - y*yhat", "yhat**1.5 - y*yhat", "yhat - y*log(yhat)",
     "-(y*(1 - yhat)**2*log(yhat) + (1 - y)*yhat**2*log(1 - yhat))", "(log(1 + yhat) - log(1 + y))**2"],
)  # fmt: skip
def test_formulas_that_are_not_real_for_scores(formula: str) -> None:
    for labels in ("real", "binary"):
        with pytest.raises(DomainError, match="not a real number at yhat"):
            refuse_unreal(sl.Loss(formula, labels=labels, input="score"))
    refuse_unreal(sl.Loss(formula))
    if "1.5" not in formula:
        refuse_unreal(sl.Loss(formula, labels="real", protect=True))


@pytest.mark.parametrize(
    "formula",
    ["(yhat - y)**2", "exp(yhat) - y*yhat", "exp(yhat) - y*yhat + y*log(y)", "exp(exp(exp(exp(yhat)))) - y*yhat",
     "abs(yhat - y)**0.5", "exp(exp(yhat)**3) - exp(exp(yhat)**3) + (yhat - y)**2", "log(1 + exp(yhat)) - y*yhat"],
)  # fmt: skip
def test_formulas_that_are_real_or_only_large(formula: str) -> None:
    refuse_unreal(sl.Loss(formula, labels="real"))


def test_evaluate_refuses_before_it_trains() -> None:
    dataset = load(
        "synthetic", None, LoadOptions(synthetic=SyntheticOptions(users=20, items=20, interactions=200))
    )
    with pytest.raises(DomainError, match="focal"):
        evaluate([zoo.focal.with_domain("real", "score")], dataset, registry.get("mf"), TrainingSettings())
