"""The operators by name, and the sets of them that a search can use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from symloss.errors import OptionError, unknown_name
from symloss.ops.arithmetic import (
    AddOperator,
    IdentityOperator,
    MultiplyOperator,
    NegateOperator,
    SquareOperator,
)
from symloss.ops.extrema import AbsOperator, MaxOperator, MinOperator, ReluOperator, SignOperator
from symloss.ops.guarded import (
    AnalyticQuotientOperator,
    ExpOperator,
    LogOperator,
    ReciprocalOperator,
    SqrtOperator,
)
from symloss.ops.operator import Operator
from symloss.ops.sigmoidal import SigmoidOperator, TanhOperator


@cache
def operators() -> dict[str, Operator]:
    """Return every operator by name: the paper's nine first, in the order of its Table 2, then the extended set."""
    paper = [
        AddOperator(),
        MultiplyOperator(),
        MaxOperator(),
        MinOperator(),
        NegateOperator(),
        IdentityOperator(),
        LogOperator(),
        SquareOperator(),
        ReciprocalOperator(),
    ]
    extended = [
        AbsOperator(),
        SqrtOperator(),
        ExpOperator(),
        TanhOperator(),
        SigmoidOperator(),
        ReluOperator(),
        SignOperator(),
        AnalyticQuotientOperator(),
    ]
    return {operator.name: operator for operator in [*paper, *extended]}


def operator_set(names: Sequence[str]) -> list[Operator]:
    """Return operators by name; "paper" and "extended" (both groups) stand for sets.

    Raises:
        OptionError: a name is unknown.
    """
    known = operators()
    chosen: dict[str, Operator] = {}
    for name in names:
        if name in ("paper", "extended"):
            groups = {"paper"} if name == "paper" else {"paper", "extended"}
            chosen |= {key: operator for key, operator in known.items() if operator.group in groups}
        elif name in known:
            chosen[name] = known[name]
        else:
            raise OptionError(
                unknown_name("operator", name, ["paper", "extended", *known], "symloss ops lists all")
            )
    return list(chosen.values())
