"""Nodes -> statements: plain assignments of at most 88 characters, each shared part computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from symloss.export.frameworks import Framework
from symloss.export.node import YHAT, Node, Y

LONGEST_EXPRESSION = 64
"""Characters; a longer expression is cut, its longest part gets a name."""

_SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_STRENGTH = {"add": 1, "subtract": 1, "multiply": 2, "divide": 2, "negate": 3}
_ATOM = 5

_NAMES = {
    "add": "total", "subtract": "difference", "multiply": "product", "divide": "ratio", "negate": "negative",
    "square": "squared", "sqrt": "root", "log": "logarithm", "exp": "exponential", "abs": "size", "sign": "direction",
    "tanh": "tangent", "atan": "angle", "sigmoid": "logistic", "power": "power", "maximum": "larger",
    "minimum": "smaller", "guard": "guarded", "pexp": "exponential", "plog": "logarithm", "recip": "reciprocal",
    "psqrt": "root", "root_of_one_plus_square": "root",
}  # fmt: skip
_SPECIAL_NAMES = {Node("subtract", (YHAT, Y)): "error", Node("log", (YHAT,)): "log_yhat"}


class Writer:
    """Writes the body of one function.

    Attributes:
        statements: the assignments so far, without indentation.
        helpers: operations whose helper functions the statements call.
    """

    def __init__(self, framework: Framework, taken: Sequence[str] = ()) -> None:
        """Start an empty body; `taken` are names that it must not assign."""
        self.framework = framework
        self.statements: list[str] = []
        self.helpers: set[str] = set()
        self._names = Counter(taken)
        self._texts: dict[Node, tuple[str, int]] = {}

    def write(self, roots: Sequence[Node]) -> list[str]:
        """Write all that the roots need; return the text of each root."""
        order, uses = _sorted(roots)
        for node in order:
            if node in self._texts:
                continue
            text, strength = self._compose(node)
            self._texts[node] = (text, strength)
            if uses[node] > 1 and strength < _ATOM + _is_call(text) and not _is_cheap(node):
                self._assign(node)
        return [self._texts[root][0] for root in roots]

    def _assign(self, node: Node) -> None:
        """Give what is written of a node a name."""
        base = _SPECIAL_NAMES.get(node) or _NAMES.get(node.operation, "slope")
        self._names[base] += 1
        name = base if self._names[base] == 1 else f"{base}_{self._names[base]}"
        self.statements.append(f"{name} = {self._texts[node][0]}")
        self._texts[node] = (name, _ATOM)

    def _compose(self, node: Node) -> tuple[str, int]:
        if node.is_number:
            return number_text(node.number), _ATOM if node.number >= 0 else _STRENGTH["negate"]
        if not node.arguments:
            return node.operation, _ATOM
        while True:
            text, strength = self._written(node)
            parts = [part for part in node.arguments if not self._texts[part][0].isidentifier()]
            parts = [part for part in parts if not part.is_number]
            if len(text) <= LONGEST_EXPRESSION or not parts:
                return text, strength
            self._assign(max(parts, key=lambda part: len(self._texts[part][0])))

    def _written(self, node: Node) -> tuple[str, int]:
        operation, arguments = node.operation, node.arguments
        if operation not in _STRENGTH:
            if self.framework.helper(operation):
                self.helpers.add(operation)
            texts = [self._texts[argument][0] for argument in arguments]
            return self.framework.call(operation, texts, [part.is_number for part in arguments]), _ATOM
        strength = _STRENGTH[operation]
        if operation == "negate":
            product = arguments[0].operation in ("multiply", "divide")
            inner = self._operand(arguments[0], 2 if product else 4)
            return f"-{inner}", 2 if product and self._texts[arguments[0]][1] == 2 else strength
        left = self._operand(arguments[0], strength)
        # a + (b - c) is written as it is computed: no sum is rearranged.
        right = self._operand(arguments[1], strength + 1)
        return f"{left} {_SYMBOLS[operation]} {right}", strength

    def _operand(self, node: Node, needed: int) -> str:
        text, strength = self._texts[node]
        return text if strength >= needed else f"({text})"


def _is_call(text: str) -> int:
    """Return 1 for a call and 0 for a name: calls that are used twice get a name."""
    return int(not text.isidentifier())


def _is_cheap(node: Node) -> bool:
    """Return whether a node is as short as a name would be: y, 2, -yhat, 1 - y, yhat + eps, 2 * y."""
    product = node.operation == "multiply" and node.arguments[0].is_number
    simple = product or (node.operation in ("add", "subtract", "negate") and node not in _SPECIAL_NAMES)
    return not node.arguments or (simple and not any(part.arguments for part in node.arguments))


def _sorted(roots: Sequence[Node]) -> tuple[list[Node], Counter[Node]]:
    """Return the nodes below the roots, operands first, and how often each is used; without recursion."""
    order: list[Node] = []
    uses: Counter[Node] = Counter(roots)
    done: set[Node] = set()
    waiting = list(reversed(roots))
    while waiting:
        node = waiting[-1]
        missing = [part for part in node.arguments if part not in done]
        if node in done:
            waiting.pop()
        elif missing:
            waiting += reversed(missing)
        else:
            done.add(node)
            order.append(node)
            uses.update(node.arguments)
            waiting.pop()
    return order, uses


def number_text(value: float) -> str:
    """Write a number so that Python reads the same float."""
    if value != value:
        return 'float("nan")'
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
