"""A loss as a value: a formula, its eps, its domain and a name; what provers and compilers read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from sympy import Expr, Mul

from symloss.errors import OptionError
from symloss.formula.allowed import checked_eps, checked_name, checked_scale
from symloss.formula.parse import parse
from symloss.formula.text import formula_latex, whole_text
from symloss.ops.construct import NumberLimitError, exact_number, make, substitute
from symloss.signature import DEFAULT_EPS, SYMBOLS, Domain, eps, yhat

_KEEP: Any = object()


@dataclass(frozen=True, init=False)
class LossSpec:
    """A loss scale * f(yhat, y; eps) of one prediction and its label, averaged over a batch when trained.

    Two losses are equal where formula, eps, scale, domain and name are.

    Attributes:
        expression: the formula f as a SymPy expression in `symloss.signature`'s symbols, without the scale.
        eps: the value of eps, or None where it is left open (or does not occur).
        domain: what y and yhat can be.
        name: its name in the zoo, or None.
        scale: the factor on f, a positive number: against a decay of the weights it acts as a learning rate does.
    """

    expression: Expr
    eps: float | None
    domain: Domain
    name: str | None
    scale: float

    def __init__(
        self,
        formula: str | Expr,
        *,
        eps: float | None = None,
        labels: str = "binary",
        input: str | None = None,
        name: str | None = None,
        protect: bool = False,
        scale: float = 1.0,
    ) -> None:
        """Build a loss.

        Args:
            formula: text in the grammar of `symloss.formula.parse`, or an expression in the symbols of
                `symloss.signature`.
            eps: value of eps, in (0, 1000], also where the formula has none; at least 1e-6 where protected operators
                use it.
            labels: "binary", "unit", "real" or "positive".
            input: "probability" or "score", for positive labels "positive", "log" or "score"; a probability
                unless labels are real (a score) or positive (a positive number).
            name: a name to show, of at most 200 characters.
            protect: read divisions, logarithms and roots of a text as protected operators.
            scale: factor on the formula, in [1e-15, 1e15].

        Raises:
            FormulaError: the text is not a formula.
            OptionError: eps, scale, labels, input or name is not allowed, or the expression has other symbols.
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
                f"the expression holds {names}; allowed are the symbols yhat, y and eps of symloss.signature"
            )
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "eps", checked_eps(expression, eps))
        object.__setattr__(self, "domain", Domain.of(labels, input))
        object.__setattr__(self, "name", checked_name(name))
        object.__setattr__(self, "scale", checked_scale(scale))

    @property
    def formula(self) -> str:
        """The formula as text, without the scale; `Loss(loss.formula)` has the same expression."""
        return whole_text(self.expression)

    @property
    def text(self) -> str:
        """Scale and formula as one text that `Loss` reads: "17.5*((yhat - y)**2)"."""
        return self.formula if self.scale == 1 else f"{self.scale!r}*({self.formula})"

    @property
    def title(self) -> str:
        """The name, or the formula where there is none; with the scale where it is not 1: "maxr times 17.5"."""
        return (self.name or self.formula) + self._times

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

    def with_eps(self, value: float | None) -> Self:
        """Return the same loss at another eps; None leaves it open."""
        return self._replace(eps=value)

    def with_scale(self, value: float) -> Self:
        """Return the same formula times another factor."""
        return self._replace(scale=value)

    def with_domain(self, labels: str | None = None, input: str | None = None) -> Self:
        """Return the same formula on another domain."""
        return self._replace(labels=labels or self.domain.labels, input=input or self.domain.input)

    def with_name(self, name: str | None) -> Self:
        """Return the same loss under another name."""
        return self._replace(name=name)

    def folded(self) -> Self:
        """Return the same function with scale 1: the scale is multiplied into the formula.

        Proofs, gradients and comparisons are made of this one, so that they carry the scale.

        Raises:
            OptionError: a number of the formula times the scale is above 1e15.
        """
        if self.scale == 1:
            return self
        try:
            expression = make(Mul, [exact_number(self.scale), self.expression])
        except NumberLimitError as error:
            raise OptionError(f"the scale {self.scale:g} is too large for this formula: {error}") from None
        whole = type(self)(expression, eps=self.eps, labels=self.domain.labels, input=self.domain.input)
        object.__setattr__(whole, "name", self.title)
        return whole

    def _replace(
        self,
        *,
        eps: float | None = _KEEP,
        labels: str | None = None,
        input: str | None = None,
        scale: float | None = None,
        name: str | None = _KEEP,
    ) -> Self:
        return type(self)(
            self.expression,
            eps=self.eps if eps is _KEEP else eps,
            labels=labels or self.domain.labels,
            input=input or self.domain.input,
            name=self.name if name is _KEEP else name,
            scale=self.scale if scale is None else scale,
        )

    @property
    def _times(self) -> str:
        return "" if self.scale == 1 else f" times {self.scale:g}"

    def latex(self) -> str:
        """Return the formula typeset in LaTeX, with the scale before it where that is not 1."""
        names = {SYMBOLS["yhat"]: r"\hat{y}", SYMBOLS["y"]: "y", SYMBOLS["eps"]: r"\epsilon"}
        return formula_latex(self.expression, self.scale, names)

    def __str__(self) -> str:
        """Return the name or formula, with eps where it is fixed and the scale where it is not 1."""
        fixed = "" if self.eps is None else f" (eps = {self.eps:g})"
        return f"{self.name or self.formula}{fixed}{self._times}"
