"""The operators by name, and the sets of them that a search can use.

A package of one's own adds operators by entry points of the group "symloss.operators": a name, and a class derived from
`symloss.ops.Operator`. They are looked up only when a name is not one of the built-in ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

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
from symloss.ops.operator import Operator, fault_of
from symloss.ops.sigmoidal import SigmoidOperator, TanhOperator

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints


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


GROUP = "symloss.operators"
"""The group of entry points under which other packages name their operators."""


def _entry_points() -> EntryPoints:
    # Imported when it is needed: it takes as long as all else here.
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


@cache
def installed_names() -> tuple[str, ...]:
    """Return the names of the operators that other packages add, in alphabetical order."""
    return tuple(sorted(_entry_points().names - set(operators())))


@cache
def find(name: str) -> Operator | None:
    """Return an operator by name, built-in or added by another package; None where there is none.

    Raises:
        OptionError: another package names an operator that can't be used; the message says why.
    """
    known = operators().get(name)
    if known is not None:
        return known
    point = next(iter(_entry_points().select(name=name)), None)
    return None if point is None else _loaded(point)


def find_function(name: str) -> Operator | None:
    """Return the operator that a formula writes as a call of `name`; None where there is none. Errors as for `find`."""
    for known in operators().values():
        if known.function_name == name:
            return known
    found = find(name) or find(name.replace("_", "-"))
    return found if found is not None and found.function_name == name else None


def _loaded(point: EntryPoint) -> Operator:
    """Load the operator of an entry point, and see that it is one."""
    where = f"the operator {point.name!r} of the package {point.dist.name if point.dist else 'unknown'}"
    try:
        loaded = point.load()
    except (ImportError, AttributeError) as error:
        raise OptionError(f"{where} can't be loaded: {error}; repair or uninstall that package") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Operator)):
        raise OptionError(f"{where} must be a class derived from symloss.ops.Operator; it is {loaded!r}")
    try:
        operator = loaded()
        wrong = fault_of(operator)
    except (TypeError, AttributeError) as error:
        raise OptionError(f"{where} is not complete: {error}") from error
    if not wrong and operator.name != point.name:
        wrong = f"its name is {operator.name!r}; it must be that of its entry point"
    if wrong:
        raise OptionError(f"{where} can't be used: {wrong}")
    return operator


def operator_set(chosen: Sequence[str | Operator]) -> list[Operator]:
    """Return operators by name; "paper" and "extended" (both groups) stand for sets, operators for themselves.

    Raises:
        OptionError: a name is unknown, or an operator can't be used.
    """
    if isinstance(chosen, str) or not isinstance(chosen, Sequence):
        raise OptionError(f"operators are {chosen!r}; give a list of names, such as ['paper']")
    known = operators()
    result: dict[str, Operator] = {}
    for one in chosen:
        if isinstance(one, Operator):
            wrong = fault_of(one)
            if wrong:
                raise OptionError(f"the operator {one.name!r} can't be used: {wrong}")
            result[one.name] = one
        elif one in ("paper", "extended"):
            groups = {"paper"} if one == "paper" else {"paper", "extended"}
            result |= {key: operator for key, operator in known.items() if operator.group in groups}
        else:
            found = find(one)
            if found is None:
                names = ["paper", "extended", *known, *installed_names()]
                raise OptionError(unknown_name("operator", one, names, "symloss ops lists all"))
            result[one] = found
    return list(result.values())
