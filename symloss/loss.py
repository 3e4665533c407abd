"""Loss: the central, immutable type. A formula, its eps, its domain and a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sympy import Expr, Mul

from symloss.domain import DEFAULT_EPS, SYMBOLS, Domain, eps, yhat
from symloss.errors import OptionError
from symloss.formula.allowed import checked_eps, checked_name, checked_scale
from symloss.formula.parse import parse
from symloss.formula.text import formula_latex, whole_text
from symloss.ops.construct import NumberLimitError, exact_number, make, substitute

if TYPE_CHECKING:
    from torch import Tensor

    from symloss.compile.criterion import TorchLoss
    from symloss.compile.program import Program
    from symloss.symbolic.gradient import GradientForm
    from symloss.symbolic.report import CheckReport

_KEEP: Any = object()


@dataclass(frozen=True, init=False)
class Loss:
    """A loss scale * f(yhat, y; eps) of one prediction and its label, averaged over a batch when trained.

    Two losses are equal where formula, eps, scale, domain and name are.

    Attributes:
        expression: the formula f as a SymPy expression in `symloss.domain`'s symbols, without the scale.
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
            formula: text in the grammar of `symloss.parse`, or an expression in the symbols of `symloss.domain`.
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
                f"the expression holds {names}; allowed are the symbols yhat, y and eps of symloss.domain"
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

    def with_eps(self, value: float | None) -> Loss:
        """Return the same loss at another eps; None leaves it open."""
        return self._replace(eps=value)

    def with_scale(self, value: float) -> Loss:
        """Return the same formula times another factor."""
        return self._replace(scale=value)

    def with_domain(self, labels: str | None = None, input: str | None = None) -> Loss:
        """Return the same formula on another domain."""
        return self._replace(labels=labels or self.domain.labels, input=input or self.domain.input)

    def with_name(self, name: str | None) -> Loss:
        """Return the same loss under another name."""
        return self._replace(name=name)

    def folded(self) -> Loss:
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
        whole = Loss(expression, eps=self.eps, labels=self.domain.labels, input=self.domain.input)
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
    ) -> Loss:
        return Loss(
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

    def program(self) -> Program:
        """Compile the formula to the program form that the batched back ends run; they take eps and scale beside it."""
        from symloss.compile.assemble import assemble

        return assemble(self.expression)

    def torch(
        self,
        reduction: str = "mean",
        *,
        from_logits: bool = False,
        weight: Tensor | None = None,
        validate: bool = True,
    ) -> TorchLoss:
        """Compile to a `torch.nn.Module`: criterion(yhat, y, weight=None), scale included.

        Args:
            reduction: "mean", "sum" or "none".
            from_logits: whether yhat is a raw score that the sigmoid is yet to be taken of.
            weight: of each row, for every call.
            validate: refuse predictions and labels outside of the loss's domain, as `torch.nn.BCELoss` does.

        Raises:
            OptionError: the reduction is unknown, or from_logits is set for a loss that takes a score.
        """
        from symloss.compile.criterion import TorchLoss

        return TorchLoss(self, reduction=reduction, from_logits=from_logits, weight=weight, validate=validate)

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
        """Return the name or formula, with eps where it is fixed and the scale where it is not 1."""
        fixed = "" if self.eps is None else f" (eps = {self.eps:g})"
        return f"{self.name or self.formula}{fixed}{self._times}"
