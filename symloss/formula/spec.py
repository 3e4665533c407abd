"""A loss as a value: a formula, its constants, its signature and a name; what provers and compilers read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sympy import Expr, Mul

from symloss.errors import OptionError
from symloss.formula.allowed import LONGEST_NAME, checked_eps, checked_name, checked_scale
from symloss.formula.params import Params
from symloss.formula.parse import parse
from symloss.formula.text import formula_latex, whole_text
from symloss.ops.aggregates import RANKING_NODES
from symloss.ops.construct import NumberLimitError, exact_number, make, substitute
from symloss.signature import (
    ALL_SYMBOLS,
    DEFAULT_EPS,
    PAIRWISE,
    STATISTICS,
    Domain,
    Ranking,
    Signature,
    checked_negatives,
    eps,
    signature_of,
)

_KEEP: Any = object()


@dataclass(frozen=True, init=False)
class LossSpec:
    """A loss scale * f, averaged over a batch when trained.

    f is f(yhat, y; eps) of one prediction and its label, f(pos, neg; eps) of the scores of a positive and of a
    negative item, or of a positive and of all negative items of a row. Two losses are equal where formula, params,
    eps, scale, signature and name are.

    Attributes:
        expression: the formula f as a SymPy expression in `symloss.signature`'s symbols, without the scale, with the
            numbers of its named constants put in: what is proved, compiled and trained.
        eps: the value of eps, or None where it is left open (or does not occur).
        signature: its arguments, where they live, and which way its slopes must point.
        name: its name in the zoo, or None.
        scale: the factor on f, a positive number: against a decay of the weights it acts as a learning rate does.
        named: the formula with the names of its constants; None where it has none.
        params: the value of each named constant.
    """

    expression: Expr
    eps: float | None
    signature: Signature
    name: str | None
    scale: float
    named: Expr | None
    params: Params

    def __init__(
        self,
        formula: str | Expr,
        *,
        eps: float | None = None,
        labels: str | None = None,
        input: str | None = None,
        name: str | None = None,
        protect: bool = False,
        scale: float = 1.0,
        params: Mapping[str, Any] | None = None,
        negatives: int | None = None,
    ) -> None:
        """Build a loss.

        Args:
            formula: text in the grammar of `symloss.formula.parse`, or an expression in the symbols of
                `symloss.signature`.
            eps: value of eps, in (0, 1000], also where the formula has none; at least 1e-6 where protected operators
                use it.
            labels: "binary" (the default), "unit", "real" or "positive"; a formula in pos and neg has none.
            input: "probability" or "score", for positive labels "positive", "log" or "score"; a probability
                unless labels are real (a score) or positive (a positive number). Where pos and neg live: "score"
                (the default, any real numbers), "cosine" (in (-1, 1)) or "half-cosine" (in (-1/2, 1/2)).
            name: a name to show, of at most 200 characters.
            protect: read divisions, logarithms and roots of a text as protected operators.
            scale: factor on the formula, in [1e-15, 1e15].
            params: the value of each further name in the formula, such as {"tau": 0.2}; numbers count as the
                decimals that they are written as.
            negatives: the largest number of negative items of a row that the loss is meant for; any number by default.

        Raises:
            FormulaError: the text is not a formula.
            OptionError: eps, scale, labels, input, name, params or negatives is not allowed, or the expression has
                other symbols.
        """
        if not isinstance(formula, str | Expr):
            raise OptionError(
                f"a loss is made from text or a SymPy expression, not from {type(formula).__name__}"
            )
        values = Params.of(params)
        symbols = values.symbols
        written = parse(formula, protect=protect, constants=symbols) if isinstance(formula, str) else formula
        free = written.free_symbols
        _refuse_foreign(free, symbols)
        expression = parse(whole_text(written), constants=values.numbers) if values else written
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "eps", checked_eps(expression, eps))
        object.__setattr__(self, "signature", _signature(written, values, labels, input, negatives))
        object.__setattr__(self, "named", written if values else None)
        object.__setattr__(self, "params", values)
        object.__setattr__(self, "name", checked_name(name))
        object.__setattr__(self, "scale", checked_scale(scale))

    @property
    def domain(self) -> Domain:
        """What y and yhat can be: the signature of a pointwise loss.

        Raises:
            OptionError: it is a ranking loss, which has neither.
        """
        if not isinstance(self.signature, Domain):
            raise OptionError(
                f"{self.title} is a ranking loss, a formula in pos and neg; this is there for losses of a prediction "
                "and its label (yhat and y) only. symloss check, symloss compare and loss.torch() take ranking losses"
            )
        return self.signature

    @property
    def kind(self) -> str:
        """ "pointwise" for f(yhat, y), "pairwise" for f(pos, neg), "ranking" where all negatives of a row count."""
        return self.signature.name

    @property
    def written(self) -> Expr:
        """The formula as it is written, with the names of its constants."""
        return self.expression if self.named is None else self.named

    @property
    def formula(self) -> str:
        """The formula as text, without the scale; `Loss(loss.formula, params=loss.params)` has the same expression."""
        return whole_text(self.written)

    @property
    def plain_formula(self) -> str:
        """The formula as text with numbers for its constants; `Loss(loss.plain_formula)` has the same expression."""
        return whole_text(self.expression)

    @property
    def text(self) -> str:
        """Scale and formula as one text that `Loss` reads, numbers for its constants: "17.5*((yhat - y)**2)"."""
        plain = self.plain_formula
        return plain if self.scale == 1 else f"{self.scale!r}*({plain})"

    @property
    def title(self) -> str:
        """The name, or the formula where there is none; with constants and scale: "maxr times 17.5"."""
        return (self.name or self.formula) + self._constants + self._times

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
        return not isinstance(self.signature, Domain) or self.signature.is_line

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
        """Whether a prediction occurs in the formula: yhat, or pos or neg."""
        return any(ALL_SYMBOLS[name] in self.expression.free_symbols for name in self.signature.predictions)

    def with_eps(self, value: float | None) -> Self:
        """Return the same loss at another eps; None leaves it open."""
        return self._replace(eps=value)

    def with_scale(self, value: float) -> Self:
        """Return the same formula times another factor."""
        return self._replace(scale=value)

    def with_domain(self, labels: str | None = None, input: str | None = None) -> Self:
        """Return the same formula on another domain."""
        return self._replace(labels=labels, input=input)

    def with_negatives(self, value: int | None) -> Self:
        """Return the same formula for rows of at most so many negative items; None for any number."""
        return self._replace(negatives=value)

    def with_name(self, name: str | None) -> Self:
        """Return the same loss under another name."""
        return self._replace(name=name)

    def with_params(self, **values: Any) -> Self:
        """Return the same formula with other values for some of its named constants: loss.with_params(tau=0.1).

        Raises:
            OptionError: a name is not one of its constants, or a value is not allowed.
        """
        unknown = sorted(set(values) - set(self.params))
        if unknown:
            raise OptionError(_no_constant(unknown[0], list(self.params)))
        return self._replace(params={**self.params, **values})

    def plain(self) -> Self:
        """Return the same loss without named constants: their numbers are put in, and its name is its title."""
        if not self.params:
            return self
        name = (self.name or self.formula) + self._constants
        return self._with_expression(self.expression, name[:LONGEST_NAME], self.scale)

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
        whole = self._with_expression(expression, None, 1.0)
        object.__setattr__(whole, "name", self.title)
        return whole

    def _with_expression(self, expression: Expr, name: str | None, scale: float) -> Self:
        return type(self)(expression, eps=self.eps, name=name, scale=scale, **self._kept())

    def _kept(self, labels: str | None = None, input: str | None = None) -> dict[str, Any]:
        """Return labels and input for another loss of this kind; those given are not those of this one."""
        if isinstance(self.signature, Domain):
            labels, input = labels or self.signature.labels, input or self.signature.input
        negatives = None
        if isinstance(self.signature, Ranking):
            input, negatives = input or self.signature.scores, self.signature.negatives
        return {"labels": labels, "input": input, "negatives": negatives}

    def _replace(
        self,
        *,
        eps: float | None = _KEEP,
        labels: str | None = None,
        input: str | None = None,
        scale: float | None = None,
        name: str | None = _KEEP,
        params: Mapping[str, Any] | None = None,
        negatives: int | None = _KEEP,
    ) -> Self:
        kept = self._kept(labels, input)
        return type(self)(
            self.written,
            eps=self.eps if eps is _KEEP else eps,
            name=self.name if name is _KEEP else name,
            scale=self.scale if scale is None else scale,
            params=self.params if params is None else params,
            **(kept if negatives is _KEEP else kept | {"negatives": negatives}),
        )

    @property
    def _constants(self) -> str:
        return f" ({self.params.text})" if self.params else ""

    @property
    def _times(self) -> str:
        return "" if self.scale == 1 else f" times {self.scale:g}"

    def latex(self) -> str:
        """Return the formula typeset in LaTeX, with the scale before it where that is not 1."""
        return formula_latex(self.written, self.scale, LATEX_NAMES)

    def __str__(self) -> str:
        """Return the name or formula, with eps where it is fixed and the scale where it is not 1."""
        fixed = "" if self.eps is None else f" (eps = {self.eps:g})"
        return f"{self.name or self.formula}{self._constants}{fixed}{self._times}"


LATEX_NAMES = {
    ALL_SYMBOLS["yhat"]: r"\hat{y}",
    ALL_SYMBOLS["y"]: "y",
    ALL_SYMBOLS["eps"]: r"\epsilon",
    ALL_SYMBOLS["pos"]: r"\mathrm{pos}",
    ALL_SYMBOLS["neg"]: r"\mathrm{neg}",
}
"""How the arguments are typeset; constants go by their own names, Greek ones as Greek letters."""


def _refuse_foreign(free: set[Any], symbols: Mapping[str, Expr]) -> None:
    """Refuse symbols that are neither arguments nor constants with a value, and constants that do not occur."""
    known = {*ALL_SYMBOLS.values(), *symbols.values()}
    if free & {ALL_SYMBOLS["pos"], ALL_SYMBOLS["neg"]}:
        known |= set(STATISTICS.values())
    foreign = sorted(str(symbol) for symbol in free - known)
    if foreign:
        raise OptionError(
            f"the expression holds {', '.join(foreign)}; allowed are the symbols yhat, y, pos, neg and eps of "
            f"symloss.signature, and constants with a value, as in params={{{foreign[0]!r}: 0.5}}, made by "
            "symloss.signature.parameter"
        )
    idle = [name for name, symbol in symbols.items() if symbol not in free]
    if idle:
        raise OptionError(_no_constant(idle[0], [name for name in symbols if name not in idle]))


def _no_constant(name: str, others: list[str]) -> str:
    has = f"its constants are {', '.join(others)}" if others else "it has none"
    return f"the formula has no constant {name}; {has}. Leave it out, or write {name} into the formula"


def _signature(
    written: Expr, values: Params, labels: str | None, input: str | None, negatives: int | None
) -> Signature:
    """Return the signature that the names in a formula mean, on the labels and input that were asked for."""
    names = {symbol.name for symbol in written.free_symbols}
    pairwise = signature_of(names)
    if pairwise is None:
        if checked_negatives(negatives) is not None:
            raise OptionError(
                "negatives (--negatives) goes with ranking losses, formulas in pos and neg; leave it out"
            )
        return Domain.of("binary" if labels is None else labels, input)
    if labels is not None:
        raise OptionError(f"a formula in pos and neg has no labels, but --labels is {labels}; leave it out")
    statistics = tuple(name for name in STATISTICS if name in names and name not in values)
    signature = Ranking.of(input, negatives, statistics)
    whole_row = (
        statistics or negatives is not None or input not in (None, "score") or written.has(*RANKING_NODES)
    )
    return signature if whole_row else PAIRWISE
