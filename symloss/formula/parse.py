"""Formula text -> SymPy expression, through a whitelist over Python's syntax tree.

Nothing in the text is ever evaluated: `ast` only reads its structure, and each
kind of node that may occur has its own rule here. Limits on length, nesting,
number size and exponents keep any text from using much time or memory.

What is accepted is printed as text that is accepted too, and means the same expression: the limits on numbers and
exponents hold for the formula as it is built, and `parse` reads its own print before it answers.

    formula: numbers, yhat and y, or pos and neg, eps, named constants, + - * / **, parentheses and the functions of
    `FUNCTIONS`; with pos and neg also those of `RANKING_FUNCTIONS` and the names of `STATISTICS`
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping

import sympy
from sympy import Add, Expr, Integer, Mul, Pow, Rational

from symloss.errors import FormulaError, OptionError, nearest
from symloss.formula.functions import FUNCTIONS, RANKING_FUNCTIONS, FunctionRule, function_rule
from symloss.formula.params import is_parameter_name
from symloss.formula.text import whole_text
from symloss.ops.aggregates import AGGREGATES, MOST_AGGREGATES, Aggregate, aggregates_in, setting_error
from symloss.ops.construct import (
    LARGEST_EXPONENT,
    LARGEST_NUMBER,
    SMALLEST_POWER,
    NumberLimitError,
    make,
    shortened,
)
from symloss.ops.protected import recip
from symloss.signature import ALL_SYMBOLS, MIXED_KINDS, STATISTICS

LONGEST_TEXT = 10_000
DEEPEST_NESTING = 60
MOST_NODES = 2_000
SMALLEST_NUMBER = 1e-30
MOST_DIGITS = 1_000
"""Of the numerator and of the denominator of a number."""
_ROUNDS = DEEPEST_NESTING
"""Prints and readings until a formula must have settled: SymPy orders and gathers some terms only then, and may
simplify one level of nesting at a time."""

_FAMILIAR_NAMES = {
    "ln": "log", "maximum": "max", "minimum": "min", "pow": "**", "logistic": "sigmoid", "arctan": "atan",
    "pred": "yhat", "prediction": "yhat", "y_pred": "yhat", "ypred": "yhat", "yh": "yhat", "p": "yhat", "x": "yhat",
    "label": "y", "y_true": "y", "target": "y", "t": "y", "epsilon": "eps", "e": "exp(1)",
}  # fmt: skip

_SMOOTHED = {"plog", "recip", "psqrt"}
_PROTECTED_FORM = {"log": "plog", "sqrt": "psqrt"}


def parse(text: str, *, protect: bool = False, constants: Mapping[str, Expr] | None = None) -> Expr:
    """Read a formula.

    Args:
        text: a formula in yhat, y and eps, or in pos, neg and eps.
        protect: read divisions, logarithms and square roots as the protected operators.
        constants: what further names stand for: a number, as if it were typed in, or a symbol.

    Returns:
        The expression. Decimals are exact: 0.1 is 1/10.

    Raises:
        FormulaError: the text is not a formula; the message points at the character.
    """
    constants = constants or {}
    reader = _Reader(text, protect, constants)
    expression = reader.read()
    for _ in range(_ROUNDS):
        printed = whole_text(expression)
        try:
            again = _Reader(printed, False, constants).read()
        except FormulaError as error:
            shown = printed if len(printed) <= 200 else printed[:197] + "..."
            raise FormulaError(f"written out the formula is {shown}: {error.reason}", text) from None
        if again == expression:
            return expression
        expression = again
    raise FormulaError("the formula does not settle to one form; write it in another way", text)


def constants_in(text: str) -> tuple[str, ...]:
    """Return the names in a text that constants may have, in their order; () where it is no formula."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text.strip()[:LONGEST_TEXT], mode="eval")
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return ()
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    names.sort(key=lambda node: node.col_offset)
    return tuple(dict.fromkeys(node.id for node in names if is_parameter_name(node.id)))


def _kind(node: ast.expr) -> str:
    """Name the sort of a node that is not allowed."""
    match node:
        case ast.Compare():
            return "a comparison"
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return "a logical operator"
        case ast.Attribute():
            return "a dot after a name"
        case ast.IfExp() | ast.Lambda():
            return "Python code"
        case ast.Tuple():
            return "a comma outside of a function's arguments"
        case _:
            return "this operator"


def _spine(node: ast.BinOp, kinds: tuple[type[ast.operator], ...]) -> tuple[ast.expr, list[ast.BinOp]]:
    """Return the first operand of a chain of operators of these kinds, and its steps from left to right."""
    steps: list[ast.BinOp] = []
    current: ast.expr = node
    while isinstance(current, ast.BinOp) and isinstance(current.op, kinds):
        steps.append(current)
        current = current.left
    return current, steps[::-1]


def _is_infinite(base: Expr, exponent: Expr) -> bool:
    """Whether a power with a zero in its base is infinite for some label or prediction, as 0**(-y) and 1/0**y are."""
    zeros = (part.is_zero or (part.is_Pow and part.base.is_zero) for part in Mul.make_args(base))
    if not any(zeros) or (base.is_number and exponent.is_number):
        return False
    return bool(Pow(base, exponent).has(sympy.zoo, sympy.nan))


class _Reader:
    """Turns the syntax tree of one text into an expression."""

    def __init__(self, text: str, protect: bool, constants: Mapping[str, Expr]) -> None:
        self.text = text
        self.protect = protect
        self.constants = constants
        self.nodes = 0
        self.offset = 0
        self.within = ""

    def read(self) -> Expr:
        self._check_characters()
        stripped = self.text.strip()
        self.offset = len(self.text) - len(self.text.lstrip())
        if not stripped:
            raise FormulaError(
                "the formula is empty; write one in yhat and y, such as (yhat - y)**2", self.text
            )
        try:
            with warnings.catch_warnings():
                # Python warns on standard error of texts such as "1if yhat else 2"; the error below says what is wrong.
                warnings.simplefilter("ignore", SyntaxWarning)
                tree = ast.parse(stripped, mode="eval")
        except SyntaxError as error:
            raise self._syntax_error(stripped, error) from None
        except (RecursionError, MemoryError, ValueError):
            raise FormulaError(
                "the formula is too long or nested too deeply; write it shorter or flatter", self.text
            ) from None
        expression = self._visit(tree.body, 0)
        self._check_limits(expression)
        self._check_kind(tree, expression)
        return expression

    def _check_kind(self, tree: ast.Expression, expression: Expr) -> None:
        """Refuse a formula without a prediction, and one of two kinds at once."""
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        self._check_ranking(names, expression)
        pair = [node for node in names if node.id in ("pos", "neg")]
        single = [node for node in names if node.id in ("yhat", "y")]
        if pair and single:
            raise self._error(MIXED_KINDS, max(pair[0], single[0], key=lambda node: node.col_offset))
        # a constant may be a number at which they cancel: that loss is found to be wrong, as one without yhat is
        settled = any(value.is_number for value in self.constants.values())
        if pair and not settled and not expression.free_symbols & {ALL_SYMBOLS["pos"], ALL_SYMBOLS["neg"]}:
            raise FormulaError(
                "pos and neg cancel out, so the formula has no gradient to learn from; write one that depends on them, "
                "such as log(1 + exp(neg - pos))",
                self.text,
            )
        if not pair and not any(node.id == "yhat" for node in single):
            raise FormulaError(
                "the formula does not contain yhat, the prediction, so it has no gradient to learn from; use yhat "
                "(and y), or pos and neg for a ranking loss",
                self.text,
            )

    def _check_ranking(self, names: list[ast.Name], expression: Expr) -> None:
        """Refuse aggregates and statistics of a row where there are no scores of pos and neg, or neg beside them."""
        used = {node.id for node in names}
        if "neg" not in used:
            for node in names:
                if node.id in RANKING_FUNCTIONS or (node.id in STATISTICS and node.id not in self.constants):
                    if node.id in STATISTICS and "pos" not in used:
                        raise self._unknown(node.id, node)
                    raise self._error(
                        f"{node.id} is there for ranking losses, formulas in pos and neg, the scores of a positive and "
                        "of the negative items, such as lse_neg(neg - pos)",
                        node,
                    )
            return
        found = aggregates_in(expression)
        if len(found) > MOST_AGGREGATES:
            raise FormulaError(
                f"the formula has {len(found)} different aggregates; at most {MOST_AGGREGATES}", self.text
            )
        if found and _beside(expression):
            raise FormulaError(
                f"neg stands outside of {type(found[0]).__name__}; where a formula has an aggregate, every neg lies "
                "within one: mean_neg(neg) is the mean over the negative items",
                self.text,
            )

    def _check_limits(self, expression: Expr) -> None:
        """Refuse numbers and exponents that came together to more than a text may hold."""
        for number in expression.atoms(Rational):
            if abs(number) > LARGEST_NUMBER or (number != 0 and abs(number) < SMALLEST_POWER):
                raise FormulaError(
                    "its numbers come together to one that is out of range; between 1e-300 and 1e15",
                    self.text,
                )
            if max(abs(number.p), number.q) >= 10**MOST_DIGITS:
                raise FormulaError(f"its numbers come to more than {MOST_DIGITS} digits", self.text)
        for node in expression.atoms(Pow):
            if node.exp.is_Rational and abs(node.exp) > LARGEST_EXPONENT:
                raise FormulaError(
                    f"the factors come together to the exponent {shortened(node.exp)}; at most {LARGEST_EXPONENT}",
                    self.text,
                )

    def _check_characters(self) -> None:
        if len(self.text) > LONGEST_TEXT:
            raise FormulaError(
                f"the formula has {len(self.text)} characters; at most {LONGEST_TEXT} are allowed",
                self.text,
                LONGEST_TEXT,
            )
        open_positions: list[int] = []
        for position, character in enumerate(self.text):
            if not (character.isascii() and (character.isprintable() or character in "\t")):
                hint = (
                    "; write yhat for the prediction"
                    if character in "ŷ̂"
                    else "; only plain ASCII text on one line is allowed"
                )
                raise FormulaError(f"the character {character!r} is not allowed{hint}", self.text, position)
            if character in "\"'":
                raise FormulaError("text in quotes has no meaning in a formula", self.text, position)
            if character in "#;\\`@$?!{}[]":
                raise FormulaError(
                    f"the character {character!r} has no meaning in a formula", self.text, position
                )
            if character == "^":
                raise FormulaError("powers are written with **, not ^", self.text, position)
            if character == "(":
                open_positions.append(position)
                if len(open_positions) > DEEPEST_NESTING:
                    raise FormulaError(
                        f"parentheses are nested more than {DEEPEST_NESTING} deep", self.text, position
                    )
            elif character == ")":
                if not open_positions:
                    raise FormulaError(
                        "this parenthesis closes nothing; remove it or open one", self.text, position
                    )
                open_positions.pop()
        if open_positions:
            raise FormulaError("this parenthesis is never closed; add a )", self.text, open_positions[-1])

    def _syntax_error(self, stripped: str, error: SyntaxError) -> FormulaError:
        if stripped[-1] in "+-*/(,":
            reason = "the formula ends too early; an operand is missing"
            return FormulaError(reason, self.text, self.offset + len(stripped))
        position = self.offset + max(0, (error.offset or 1) - 1)
        return FormulaError(
            "the formula can't be read here; an operator or operand is missing", self.text, position
        )

    def _error(self, reason: str, node: ast.expr) -> FormulaError:
        return FormulaError(reason, self.text, self.offset + node.col_offset)

    def _visit(self, node: ast.expr, depth: int) -> Expr:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self._error(f"the formula has more than {MOST_NODES} parts", node)
        if depth > DEEPEST_NESTING:
            raise self._error(f"the formula is nested more than {DEEPEST_NESTING} deep", node)
        try:
            match node:
                case ast.Constant():
                    return self._number(node)
                case ast.Name():
                    return self._symbol(node)
                case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                    operand = self._visit(node.operand, depth + 1)
                    return make(Mul, [Integer(-1), operand]) if isinstance(node.op, ast.USub) else operand
                case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                    return self._chain(node, depth)
                case ast.BinOp(op=ast.Pow()):
                    return self._power(node, depth)
                case ast.Call():
                    return self._function(node, depth)
        except NumberLimitError as error:
            raise self._error(str(error), node) from None
        raise self._error(
            f"{_kind(node)} has no meaning in a formula; allowed are numbers, yhat, y, eps (or pos, neg, eps), "
            "+ - * / ** and functions",
            node,
        )

    def _number(self, node: ast.Constant, in_product: bool = False) -> Expr:
        """Read a number; a whole one may be large in a product, which 1/10**20 is printed as: its value counts."""
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self._error("only numbers are allowed here", node)
        text = self.text.strip()[node.col_offset : node.end_col_offset].replace("_", "")
        size = abs(node.value)
        written_zero = not any(digit in "123456789" for digit in text.lower().partition("e")[0])
        if in_product and isinstance(node.value, int) and text.isdecimal() and len(text) <= MOST_DIGITS:
            return Integer(node.value)
        if size > LARGEST_NUMBER or (size < SMALLEST_NUMBER and not written_zero):
            raise self._error(f"the number {text[:20]} is out of range; between 1e-30 and 1e15", node)
        if len(text) > 40 or text[:2].lower() in ("0x", "0o", "0b"):
            raise self._error("numbers are written in decimal, with at most 40 digits", node)
        return Integer(node.value) if isinstance(node.value, int) else Rational(text)

    def _symbol(self, node: ast.Name) -> Expr:
        if node.id in ALL_SYMBOLS:
            return ALL_SYMBOLS[node.id]
        if node.id in self.constants:
            return self.constants[node.id]
        if node.id in STATISTICS:
            return STATISTICS[node.id]
        if node.id in FUNCTIONS or node.id in RANKING_FUNCTIONS:
            raise self._error(f"{node.id} is a function; give it arguments: {node.id}(...)", node)
        raise self._unknown(node.id, node)

    def _rule(self, node: ast.Name) -> FunctionRule | None:
        try:
            return function_rule(node.id)
        except OptionError as error:
            raise self._error(str(error), node) from None

    def _unknown(self, name: str, node: ast.expr) -> FormulaError:
        allowed = [*ALL_SYMBOLS, *self.constants, *FUNCTIONS]
        guess = _FAMILIAR_NAMES.get(name.lower()) or nearest(name, allowed)
        shown = name if len(name) <= 40 else name[:37] + "..."
        hint = f"did you mean {guess!r}?" if guess else f"allowed are {', '.join(allowed)}"
        if is_parameter_name(name):
            needs = f"a constant of your own needs a value: --param {name}=0.5, in Python params="
            hint += f" {needs}" if guess else f"; {needs}"
        return self._error(f"unknown name {shown!r}; {hint}", node)

    def _chain(self, node: ast.BinOp, depth: int) -> Expr:
        """Read a + b - c ... or a * b / c ... without recursion on its length."""
        if isinstance(node.op, ast.Mult | ast.Div):
            return make(Mul, self._factors(node, depth))
        first, steps = _spine(node, (ast.Add, ast.Sub))
        terms = [self._visit(first, depth + 1)]
        for step in steps:
            term = self._visit(step.right, depth + 1)
            terms.append(make(Mul, [Integer(-1), term]) if isinstance(step.op, ast.Sub) else term)
        return make(Add, terms)

    def _factors(self, node: ast.BinOp, depth: int) -> list[Expr]:
        """Read a product as its factors, those of a product below the line one by one.

        SymPy multiplies a number into a sum; a denominator such as 2*(1 + yhat) must not be built as a product first,
        or what was printed would not read back as it was.
        """
        first, steps = _spine(node, (ast.Mult, ast.Div))
        factors = [self._factor(first, depth)]
        for step in steps:
            right = step.right
            if isinstance(step.op, ast.Mult):
                factors.append(self._factor(right, depth))
            elif (
                isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult | ast.Div) and not self.protect
            ):
                factors += [self._reciprocal(factor, right) for factor in self._factors(right, depth + 1)]
            else:
                factors.append(self._reciprocal(self._factor(right, depth), right))
        return factors

    def _factor(self, node: ast.expr, depth: int) -> Expr:
        if not isinstance(node, ast.Constant):
            return self._visit(node, depth + 1)
        self.nodes += 1
        return self._number(node, in_product=True)

    def _reciprocal(self, operand: Expr, node: ast.expr) -> Expr:
        if operand.is_zero or _is_infinite(operand, Integer(-1)):
            raise self._error("this divides by zero", node)
        if operand.is_Rational:
            return 1 / operand
        if self.protect and not operand.is_number:
            return make(recip, [operand])
        return make(Pow, [operand, Integer(-1)])

    def _power(self, node: ast.BinOp, depth: int) -> Expr:
        base = self._visit(node.left, depth + 1)
        exponent = self._visit(node.right, depth + 1)
        if _is_infinite(base, exponent):
            raise self._error("zero can't be raised to a power below zero", node)
        if self.protect and exponent.is_Rational and exponent < 0 and not base.is_number:
            return make(recip, [make(Pow, [base, -exponent])])
        return make(Pow, [base, exponent])

    def _function(self, node: ast.Call, depth: int) -> Expr:
        if not isinstance(node.func, ast.Name):
            raise self._error("only the functions of the grammar can be called", node)
        name = node.func.id
        rule = None if name in ALL_SYMBOLS or name in self.constants else self._rule(node.func)
        if rule is None:
            if name in ALL_SYMBOLS or name in self.constants:
                raise self._error(
                    f"{name} is a variable, not a function; write {name}*(...) for a product", node
                )
            raise self._unknown(name, node)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._error(f"{name} takes plain arguments only", node)
        if not rule.fewest <= len(node.args) <= rule.most:
            allowed = str(rule.fewest) if rule.fewest == rule.most else f"{rule.fewest} to {rule.most}"
            plural = "argument" if allowed == "1" else "arguments"
            raise self._error(f"{name} takes {allowed} {plural}, not {len(node.args)}", node)
        if name in AGGREGATES:
            return self._aggregate(node, name, rule, depth)
        arguments = [self._visit(argument, depth + 1) for argument in node.args]
        if (
            name in _SMOOTHED
            and len(arguments) == 2
            and not (arguments[1].is_number or arguments[1] == ALL_SYMBOLS["eps"])
        ):
            raise self._error(
                f"the second argument of {name} is the smoothing: eps or a number", node.args[1]
            )
        if self.protect and name in _PROTECTED_FORM and not arguments[0].is_number:
            rule = FUNCTIONS[_PROTECTED_FORM[name]]
        return rule.build(arguments)

    def _aggregate(self, node: ast.Call, name: str, rule: FunctionRule, depth: int) -> Expr:
        """Read an aggregate over the negative items; what it aggregates must depend on neg and hold no other one."""
        if self.within:
            raise self._error(
                f"{name} lies within {self.within}; aggregates are not nested: there is one number for each negative "
                "item inside, and one for the row outside",
                node,
            )
        self.within = name
        arguments = [self._visit(argument, depth + 1) for argument in node.args]
        self.within = ""
        if ALL_SYMBOLS["neg"] not in arguments[AGGREGATES[name].value_at].free_symbols:
            raise self._error(
                f"{name} aggregates nothing: {name}({AGGREGATES[name].takes}) goes over the negative items, so g must "
                "depend on neg, as in lse_neg(neg - pos)",
                node,
            )
        made = rule.build(arguments)
        assert isinstance(made, Aggregate)
        wrong = setting_error(made, allowed=tuple(self.constants.values()))
        if wrong is not None:
            raise self._error(wrong, node.args[1])
        return made


def _beside(expression: Expr) -> bool:
    """Return whether neg occurs outside of every aggregate."""
    if isinstance(expression, Aggregate):
        return False
    return expression == ALL_SYMBOLS["neg"] or any(_beside(part) for part in expression.args)
