"""A second reading of formulas: value and slope by yhat in many digits, straight from the text.

It shares no code with the package: Python's `ast` reads the text, numbers are exact
fractions while they can be, mpmath does the rest, and slopes are carried along (dual
numbers). What it knows of the grammar is docs/formulas.md, and of kinks and protected
functions docs/architecture.md.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from mpmath import atan, cosh, exp, log, mp, mpf, sqrt, tanh

Number = Fraction | mpf
MOST_BITS = 3000
"""A fraction with longer parts goes on as an mpf."""
LARGEST_EXPONENT = mpf(10) ** 3000
"""exp of more is out of reach: its exponent alone would have thousands of digits."""
ZERO, ONE = Fraction(0), Fraction(1)
SMOOTHING, GUARD = Fraction(1, 10**6), Fraction(10**6)


class NotRealError(Exception):
    """The formula is no real number here."""


class SkipError(Exception):
    """Nothing can be said here: the slope is infinite or one-sided, or the numbers are out of reach."""


@dataclass(frozen=True)
class Dual:
    """A value and its slope by yhat; `value` None stands for what is no real number."""

    value: Number | None
    slope: Number = ZERO

    @property
    def real(self) -> bool:
        return self.value is not None

    @property
    def is_zero(self) -> bool:
        """Whether it is zero whatever yhat is near."""
        return self.value == 0 and self.slope == 0


NOT_REAL = Dual(None)


def to_mpf(number: Number) -> mpf:
    return mpf(number.numerator) / number.denominator if isinstance(number, Fraction) else number


def add(a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return short(a + b)
    return to_mpf(a) + to_mpf(b)


def mul(a: Number, b: Number) -> Number:
    if a == 0 or b == 0:
        return ZERO
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return short(a * b)
    return to_mpf(a) * to_mpf(b)


def short(number: Fraction) -> Number:
    bits = number.numerator.bit_length() + number.denominator.bit_length()
    return to_mpf(number) if bits > MOST_BITS else number


def sign_of(number: Number) -> int:
    return (number > 0) - (number < 0)


@dataclass
class Reader:
    """Evaluates one text.

    Attributes:
        text: the formula.
        strict: whether a part that is no real number makes the whole none, also where it is multiplied by 0;
            and whether 0**0 is no number.
    """

    text: str
    strict: bool = True
    tree: ast.expr = field(init=False)
    switches: list[Number] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.text.strip(), mode="eval").body

    def __call__(self, yhat: Fraction, y: Fraction, eps: Fraction, digits: int = 60) -> Dual:
        """Return value and slope; `switches` holds then what abs, sign, max, min and guards looked at.

        Raises:
            NotRealError: it is no real number there.
            SkipError: the slope can't be told.
        """
        self.switches = []
        self._variables = {"yhat": Dual(yhat, ONE), "y": Dual(y), "eps": Dual(eps)}
        with mp.workdps(digits):
            try:
                found = self._visit(self.tree)
            except (OverflowError, MemoryError, RecursionError, ZeroDivisionError) as error:
                raise SkipError(str(error)) from None
            if not found.real:
                raise NotRealError(self.text)
            return found

    def _visit(self, node: ast.expr) -> Dual:
        match node:
            case ast.Constant(value=int() | float()):
                written = ast.get_source_segment(self.text.strip(), node)
                return Dual(Fraction((written or str(node.value)).replace("_", "")))
            case ast.Name(id=name):
                return self._variables[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._product(Dual(-ONE), self._visit(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._visit(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                return self._chain(node)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._power(self._visit(left), self._visit(right))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                found = [self._visit(argument) for argument in arguments]
                if not all(argument.real for argument in found):
                    return NOT_REAL
                return self._call(name, found)
        raise SkipError(f"unknown node {ast.dump(node)[:60]}")

    def _chain(self, node: ast.BinOp) -> Dual:
        """Go down the left side without recursion: a sum may have a thousand terms."""
        steps: list[ast.BinOp] = []
        current: ast.expr = node
        while isinstance(current, ast.BinOp) and not isinstance(current.op, ast.Pow):
            steps.append(current)
            current = current.left
        total = self._visit(current)
        for step in reversed(steps):
            right = self._visit(step.right)
            match step.op:
                case ast.Add():
                    total = self._sum(total, right)
                case ast.Sub():
                    total = self._sum(total, self._product(Dual(-ONE), right))
                case ast.Mult():
                    total = self._product(total, right)
                case ast.Div():
                    total = self._product(total, self._power(right, Dual(-ONE)))
        return total

    def _sum(self, a: Dual, b: Dual) -> Dual:
        if a.value is None or b.value is None:
            return NOT_REAL
        return Dual(add(a.value, b.value), add(a.slope, b.slope))

    def _product(self, a: Dual, b: Dual) -> Dual:
        if a.value is None or b.value is None:
            return Dual(ZERO) if not self.strict and (a.is_zero or b.is_zero) else NOT_REAL
        return Dual(mul(a.value, b.value), add(mul(a.slope, b.value), mul(a.value, b.slope)))

    def _power(self, a: Dual, b: Dual) -> Dual:
        if not self.strict and b.is_zero:
            return Dual(ONE)
        if a.value is None or b.value is None:
            return NOT_REAL
        value, exponent = a.value, b.value
        whole = isinstance(exponent, Fraction) and exponent.denominator == 1
        if b.slope == 0 and whole and abs(exponent) <= 10**6:
            return self._whole_power(a, int(exponent))
        if value < 0:
            return NOT_REAL
        if value == 0:
            if a.slope == 0 and b.slope == 0:
                return Dual(ZERO) if exponent > 0 else NOT_REAL
            if exponent <= 0:
                return NOT_REAL
            if b.slope == 0 and exponent > 1:
                return Dual(ZERO)
            raise SkipError("a fractional power of 0")
        base = to_mpf(value)
        result = self._exp(to_mpf(exponent) * log(base))
        slope = add(mul(b.slope, log(base)), mul(exponent, mul(a.slope, 1 / base)))
        return Dual(result, mul(result, slope))

    def _whole_power(self, a: Dual, exponent: int) -> Dual:
        value = a.value
        assert value is not None
        if value == 0:
            if exponent < 0 or (exponent == 0 and self.strict and a.is_zero):
                return NOT_REAL
            return Dual(ONE if exponent == 0 else ZERO, a.slope if exponent == 1 else ZERO)
        if exponent == 0:
            return Dual(ONE)
        bits = (
            value.numerator.bit_length() + value.denominator.bit_length()
            if isinstance(value, Fraction)
            else 0
        )
        base = value if isinstance(value, Fraction) and bits * abs(exponent) < MOST_BITS else to_mpf(value)
        below = base ** (exponent - 1)
        return Dual(mul(below, base), mul(mul(Fraction(exponent), below), a.slope))

    def _exp(self, number: mpf) -> mpf:
        if abs(number) > LARGEST_EXPONENT:
            raise SkipError("exp of a number beyond reach")
        return exp(number)

    def _call(self, name: str, arguments: list[Dual]) -> Dual:
        if name in ("max", "min"):
            return self._extremum(arguments, 1 if name == "max" else -1)
        if name == "aq":
            root = self._power(
                self._sum(Dual(ONE), self._product(arguments[1], arguments[1])), Dual(Fraction(1, 2))
            )
            return self._product(arguments[0], self._power(root, Dual(-ONE)))
        a = arguments[0]
        value = a.value
        assert value is not None
        if name in ("plog", "recip", "psqrt"):
            smoothing = SMOOTHING if len(arguments) == 1 else arguments[1].value
            assert smoothing is not None
            return self._protected(name, a, smoothing)
        match name:
            case "square":
                return self._product(a, a)
            case "sqrt":
                return self._power(a, Dual(Fraction(1, 2)))
            case "relu":
                return self._extremum([a, Dual(ZERO)], 1)
            case "guard":
                return self._extremum([self._extremum([a, Dual(-GUARD)], 1), Dual(GUARD)], -1)
            case "pexp":
                capped = self._extremum([a, Dual(log(mpf(10) ** 6))], -1)
                return self._call("exp", [capped])
            case "abs":
                self.switches.append(value)
                side = Fraction(sign_of(value))
                return Dual(mul(side, value), mul(side, a.slope))
            case "sign":
                self.switches.append(value)
                return Dual(Fraction(sign_of(value)))
            case "log":
                if value <= 0:
                    return NOT_REAL
                return Dual(ZERO if value == 1 else log(to_mpf(value)), mul(a.slope, self._inverse(value)))
        return self._smooth(name, a)

    def _smooth(self, name: str, a: Dual) -> Dual:
        assert a.value is not None
        x = to_mpf(a.value)
        found: tuple[Number, Number]
        match name:
            case "exp":
                found = (self._exp(x),) * 2 if x != 0 else (ONE, ONE)
            case "tanh":
                if abs(x) > 10**5:
                    raise SkipError("tanh of a number beyond reach")
                found = tanh(x), 1 / cosh(x) ** 2
            case "atan":
                found = atan(x), 1 / (1 + x * x)
            case "sigmoid":
                up, down = 1 / (1 + self._exp(-x)), 1 / (1 + self._exp(x))
                found = up, up * down
            case _:
                raise SkipError(f"unknown function {name}")
        return Dual(found[0], mul(found[1], a.slope))

    def _inverse(self, value: Number) -> Number:
        return 1 / value

    def _protected(self, name: str, a: Dual, smoothing: Number) -> Dual:
        assert a.value is not None
        self.switches.append(a.value)
        side = sign_of(a.value)
        if side == 0:
            return Dual(ZERO)
        size = to_mpf(add(mul(Fraction(side), a.value), smoothing))
        value, factor = {
            "plog": lambda: (side * log(size), 1 / size),
            "recip": lambda: (side / size, -1 / size**2),
            "psqrt": lambda: (side * sqrt(size), 1 / (2 * sqrt(size))),
        }[name]()
        return Dual(value, mul(factor, a.slope))

    def _extremum(self, arguments: list[Dual], side: int) -> Dual:
        values = [to_mpf(a.value) if not _all_fractions(arguments) else a.value for a in arguments]
        best = max(values) if side > 0 else min(values)  # type: ignore[type-var]
        order = sorted(values, key=lambda value: -side * value)  # type: ignore[operator]
        gap = values[0] - values[1] if len(values) == 2 else order[0] - order[1]  # type: ignore[operator]
        self.switches.append(gap)
        slopes = [a.slope for a, value in zip(arguments, values, strict=True) if value == best]
        if len(slopes) == 1 or all(slope == slopes[0] for slope in slopes):
            return Dual(best, slopes[0])
        if len(slopes) > 2:
            raise SkipError("three arguments are equal")
        return Dual(best, mul(Fraction(1, 2), add(*slopes)))


def _all_fractions(arguments: list[Dual]) -> bool:
    return all(isinstance(a.value, Fraction) for a in arguments)


Evaluate = Callable[[Fraction, Fraction, Fraction], Dual]
