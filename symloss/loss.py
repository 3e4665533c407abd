"""Loss: the central, immutable type. A formula, its eps, its domain and a name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy
from sympy import Expr

from symloss.domain import DEFAULT_EPS, SYMBOLS, Domain, eps, yhat
from symloss.errors import OptionError
from symloss.formula import formula_text
from symloss.ops.constants import XI
from symloss.ops.construct import exact_number, substitute
from symloss.ops.protected import SmoothedFunction
from symloss.parse import parse

if TYPE_CHECKING:
    from symloss.compile.criterion import TorchLoss
    from symloss.compile.program import Program
    from symloss.symbolic.gradient import GradientForm
    from symloss.symbolic.report import CheckReport

LARGEST_EPS = 1e3


@dataclass(frozen=True, init=False)
class Loss:
    """A loss f(yhat, y; eps) of one prediction and its label, averaged over a batch when trained.

    Attributes:
        expression: the formula as a SymPy expression in `symloss.domain`'s symbols.
        eps: the value of eps, or None where it is left open (or does not occur).
        domain: what y and yhat can be.
        name: its name in the zoo, or None.
    """

    expression: Expr
    eps: float | None
    domain: Domain
    name: str | None

    def __init__(
        self,
        formula: str | Expr,
        *,
        eps: float | None = None,
        labels: str = "binary",
        input: str | None = None,
        name: str | None = None,
        protect: bool = False,
    ) -> None:
        """Build a loss.

        Args:
            formula: text in the grammar of `symloss.parse`, or an expression in the symbols of `symloss.domain`.
            eps: value of eps, in (0, 1000]; at least 1e-6 where protected operators use it.
            labels: "binary", "unit", "real" or "positive".
            input: "probability" or "score", for positive labels "positive", "log" or "score"; a probability
                unless labels are real (a score) or positive (a positive number).
            name: a name to show.
            protect: read divisions, logarithms and roots of a text as protected operators.

        Raises:
            FormulaError: the text is not a formula.
            OptionError: eps, labels or input is not allowed, or the expression has other symbols.
        """
        if not isinstance(formula, str | Expr):
            raise OptionError(
                f"a loss is made from text or a SymPy expression, not from {type(formula).__name__}"
            )
        expression = parse(formula, protect=protect) if isinstance(formula, str) else formula
        foreign = expression.free_symbols - set(SYMBOLS.values())
        if foreign:
            names = ", ".join(sorted(str(symbol) for symbol in foreign))
            raise OptionError(
                f"the expression holds {names}; allowed are the symbols yhat, y and eps of symloss.domain"
            )
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "eps", _checked_eps(expression, eps))
        object.__setattr__(self, "domain", Domain.of(labels, input))
        object.__setattr__(self, "name", name)

    @property
    def formula(self) -> str:
        """The formula as text; `Loss(loss.formula)` has the same expression."""
        return formula_text(self.expression)

    @property
    def title(self) -> str:
        """The name, or the formula where there is none."""
        return self.name or self.formula

    @property
    def has_eps(self) -> bool:
        """Whether eps occurs in the formula."""
        return eps in self.expression.free_symbols

    @property
    def eps_value(self) -> float:
        """The number that stands for eps in numeric work: `eps`, or 1e-6 where it is open."""
        return DEFAULT_EPS if self.eps is None else self.eps

    @property
    def takes_score(self) -> bool:
        """Whether yhat is what a model puts out, any real number: a raw score, or the logarithm of a mean."""
        return self.domain.is_line

    @property
    def numeric_expression(self) -> Expr:
        """The expression with eps replaced by `eps_value`, exact."""
        return (
            substitute(self.expression, {eps: exact_number(self.eps_value)})
            if self.has_eps
            else self.expression
        )

    @property
    def depends_on_prediction(self) -> bool:
        """Whether yhat occurs in the formula."""
        return yhat in self.expression.free_symbols

    def with_eps(self, value: float | None) -> Loss:
        """Return the same loss at another eps."""
        return self._replace(eps=value)

    def with_domain(self, labels: str | None = None, input: str | None = None) -> Loss:
        """Return the same formula on another domain."""
        return self._replace(labels=labels or self.domain.labels, input=input or self.domain.input)

    def _replace(
        self, *, eps: float | None = None, labels: str | None = None, input: str | None = None
    ) -> Loss:
        return Loss(
            self.expression,
            eps=self.eps if eps is None else eps,
            labels=labels or self.domain.labels,
            input=input or self.domain.input,
            name=self.name,
        )

    def latex(self) -> str:
        """Return the formula typeset in LaTeX."""
        names = {SYMBOLS["yhat"]: r"\hat{y}", SYMBOLS["y"]: "y", SYMBOLS["eps"]: r"\epsilon"}
        return sympy.latex(self.expression, symbol_names=names, ln_notation=False)

    def program(self) -> Program:
        """Compile to the program form that the batched back ends run."""
        from symloss.compile.assemble import assemble

        return assemble(self.expression)

    def torch(self, reduction: str = "mean") -> TorchLoss:
        """Compile to a `torch.nn.Module`: criterion(yhat, y) with the given reduction ("mean", "sum" or "none")."""
        from symloss.compile.criterion import TorchLoss

        return TorchLoss(self, reduction=reduction)

    def check(self, *, time_limit: float = 2.0, seed: int = 0) -> CheckReport:
        """Check the loss: verdict, direction for each label, positive rate, duplicates, properties.

        Args:
            time_limit: seconds; what is not settled by then is "undecided".
            seed: of the sampled pairs behind the positive rate.
        """
        from symloss.symbolic.check import check

        return check(self, time_limit=time_limit, seed=seed)

    def gradient(self, *, time_limit: float = 2.0) -> GradientForm:
        """Return the gradient by yhat in normal form, with `.text` and `.latex` for each label.

        Raises:
            OptionError: it can't be settled within the time limit (seconds).
        """
        from symloss.symbolic.gradient import gradient_form
        from symloss.symbolic.undecided import UndecidedError

        try:
            return gradient_form(self, time_limit=time_limit)
        except UndecidedError as error:
            raise OptionError(
                f"the gradient of {self} is undecided: {error}; a larger time_limit may help"
            ) from None

    def same_gradient(self, other: Loss, *, time_limit: float = 2.0) -> str:
        """Return "equal", "proportional", "different" or "undecided": what the other loss is to gradient descent.

        `symloss.symbolic.same_gradient.compare` gives the factors or a point where they differ as well.
        """
        from symloss.symbolic.same_gradient import compare

        return compare(self, other, time_limit).relation

    def __str__(self) -> str:
        """Return the name or formula, with eps where it is fixed."""
        return self.title if self.eps is None else f"{self.title} (eps = {self.eps:g})"


def _checked_eps(expression: Expr, value: float | None) -> float | None:
    if value is None or eps not in expression.free_symbols:
        return None
    number = float(value)
    if not (math.isfinite(number) and 0 < number <= LARGEST_EPS):
        raise OptionError(f"eps is {value}; it must be a number above 0 and at most {LARGEST_EPS:g}")
    smoothed = any(len(node.args) == 2 and node.args[1] == eps for node in expression.atoms(SmoothedFunction))
    if smoothed and number < XI:
        raise OptionError(f"eps is {value}; the protected operators of this loss need at least 1e-6")
    return number
