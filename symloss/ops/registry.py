"""The operators by name, and the sets of them that a search can use.

A package of one's own adds operators by entry points of the group "symloss.operators" (see `symloss.plugins`): a name,
and a class derived from `symloss.ops.Operator`. They are looked up only when a name is not one of the built-in ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from symloss import plugins
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


def installed_names() -> tuple[str, ...]:
    """Return the names of the operators that other packages add, in alphabetical order."""
    return tuple(name for name in plugins.names("operators") if name not in operators())


def find(name: str) -> Operator | None:
    """Return an operator by name, built-in or added by another package; None where there is none.

    Raises:
        OptionError: another package names an operator that can't be used; the message says why.
    """
    known = operators().get(name)
    if known is not None:
        return known
    loaded = plugins.load("operators", name)
    if loaded is None:
        return None
    if not (isinstance(loaded, type) and issubclass(loaded, Operator)):
        raise plugins.unfit("operators", name, "must be a class derived from symloss.ops.Operator")
    return _made(name, loaded)


def find_function(name: str) -> Operator | None:
    """Return the operator that a formula writes as a call of `name`; None where there is none. Errors as for `find`."""
    for known in operators().values():
        if known.function_name == name:
            return known
    found = find(name) or find(name.replace("_", "-"))
    return found if found is not None and found.function_name == name else None


@cache
def _made(name: str, kind: type[Operator]) -> Operator:
    """Make the operator that a package adds, and see that it can be used; a class gives one operator, made once."""
    try:
        operator = kind()
        wrong = fault_of(operator)
    except Exception as error:
        raise plugins.unfit("operators", name, f"is not complete ({plugins.in_words(error)})") from error
    if not wrong and operator.name != name:
        wrong = f"its name is {operator.name!r}; it must be that of its entry point"
    if wrong:
        raise plugins.unfit("operators", name, f"can't be used: {wrong}")
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
