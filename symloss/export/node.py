"""The common intermediate of all code targets: a formula as a graph of operations, read from its program.

A node is a number, a variable or an operation on nodes. Nodes are made by the
functions here, which make the rewritings that a reader expects (1*a is a, a - (-b) is
a + b) and no other: each of them is exact, or moves a result by one rounding.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    Attributes:
        operation: "number", "yhat", "y", "eps", or a name that `symloss.export.frameworks` can write.
        arguments: what it works on.
        number: the value of a number.
    """

    operation: str
    arguments: tuple[Node, ...] = ()
    number: float = 0.0
    digest: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep a digest of the structure: to compare long formulas part by part could take exponential time."""
        own = f"{self.operation} {self.number!r} ".encode()
        text = own + b"".join(argument.digest for argument in self.arguments)
        object.__setattr__(self, "digest", hashlib.blake2b(text, digest_size=16).digest())

    def __eq__(self, other: object) -> bool:
        """Compare structures."""
        return isinstance(other, Node) and self.digest == other.digest

    def __hash__(self) -> int:
        """Hash the structure."""
        return hash(self.digest)

    @property
    def is_number(self) -> bool:
        """Whether it is a literal number."""
        return self.operation == "number"

    def is_value(self, value: float) -> bool:
        """Whether it is this literal number."""
        return self.is_number and self.number == value


YHAT, Y, EPS = Node("yhat"), Node("y"), Node("eps")


def _exact(value: float) -> Decimal:
    """Return the decimal number that a float stands for: 0.7 - 1 is -0.3."""
    return Decimal(repr(value))


def number(value: float | Decimal) -> Node:
    """Return a literal number; -0.0 is 0."""
    return Node("number", (), float(value) + 0.0)


ZERO, ONE, TWO = number(0), number(1), number(2)


def _leads_with_minus(node: Node) -> bool:
    """Return whether the node is a negative number, or a product or fraction that begins with one."""
    first = node.arguments[0] if node.operation in ("multiply", "divide") else node
    return first.is_number and first.number < 0


def _is_inverse(node: Node) -> bool:
    """Return whether the node is a number over something, such as 2/a or 1/a/b."""
    while node.operation == "divide" and not node.arguments[0].is_number:
        node = node.arguments[0]
    return node.operation == "divide"


def add(a: Node, b: Node) -> Node:
    """Return a + b."""
    if a.is_number and b.is_number:
        return number(_exact(a.number) + _exact(b.number))
    if a.is_value(0):
        return b
    if b.is_value(0):
        return a
    if b.operation == "negate":
        return subtract(a, b.arguments[0])
    if _leads_with_minus(b):
        return Node("subtract", (a, negate(b)))
    if a.operation == "negate" or _leads_with_minus(a):
        return Node("subtract", (b, negate(a)))
    return Node("add", (a, b))


def subtract(a: Node, b: Node) -> Node:
    """Return a - b."""
    if a.is_number and b.is_number:
        return number(_exact(a.number) - _exact(b.number))
    if b.is_value(0):
        return a
    if a.is_value(0):
        return negate(b)
    if b.operation == "negate":
        return add(a, b.arguments[0])
    if _leads_with_minus(b):
        return Node("add", (a, negate(b)))
    return Node("subtract", (a, b))


def negate(a: Node) -> Node:
    """Return -a."""
    if a.is_number:
        return number(-a.number)
    if a.operation == "negate":
        return a.arguments[0]
    if a.operation == "subtract":
        return Node("subtract", a.arguments[::-1])
    if a.operation in ("multiply", "divide") and a.arguments[0].is_number:
        return Node(a.operation, (number(-a.arguments[0].number), a.arguments[1]))
    return Node("negate", (a,))


def multiply(a: Node, b: Node) -> Node:
    """Return a * b, the literal number first; 0 * b is 0, also where b is infinite."""
    if b.is_number:
        a, b = b, a
    if a.is_number:
        if b.is_number:
            return number(a.number * b.number)
        if a.number == 0:
            return ZERO
        if a.number == 1:
            return b
        if a.number == -1:
            return negate(b)
        if b.operation == "negate":
            return multiply(number(-a.number), b.arguments[0])
        if b.operation in ("multiply", "divide") and b.arguments[0].is_number:
            return Node(b.operation, (number(a.number * b.arguments[0].number), b.arguments[1]))
    if a.operation == "negate":
        return negate(multiply(a.arguments[0], b))
    if b.operation == "negate":
        return negate(multiply(a, b.arguments[0]))
    if _is_inverse(b):
        return divide(multiply(b.arguments[0], a), b.arguments[1])
    if _is_inverse(a) and not b.is_number:
        return divide(multiply(a.arguments[0], b), a.arguments[1])
    if a == b:
        return square(a)
    return Node("multiply", (a, b))


def divide(a: Node, b: Node) -> Node:
    """Return a / b."""
    if a.is_value(0):
        return ZERO
    if b.is_value(1):
        return a
    if b.is_value(-1):
        return negate(a)
    if a.operation == "negate":
        return negate(divide(a.arguments[0], b))
    if b.operation == "negate":
        return negate(divide(a, b.arguments[0]))
    return Node("divide", (a, b))


def square(a: Node) -> Node:
    """Return a * a."""
    if a.is_number:
        return number(a.number * a.number)
    return Node("square", a.arguments if a.operation == "negate" else (a,))


def call(operation: str, *arguments: Node) -> Node:
    """Return another operation on nodes."""
    return Node(operation, arguments)


def keep_zero(slope: Node, factor: Node) -> Node:
    """Return slope * factor, but 0 where the slope is 0, also beside an infinite factor."""
    if slope.is_number or factor.is_number:
        return multiply(slope, factor)
    if slope.operation == "negate":
        return negate(keep_zero(slope.arguments[0], factor))
    if factor.operation == "negate":
        return negate(keep_zero(slope, factor.arguments[0]))
    return Node("keep_zero", (slope, factor))


def chosen(operation: str, a: Node, b: Node, slope_a: Node, slope_b: Node) -> Node:
    """Return the slope of the larger or smaller of a and b; their mean at a tie."""
    if slope_a == slope_b:
        return slope_a
    if a.is_number:
        a, b, slope_a, slope_b = b, a, slope_b, slope_a
    return Node(operation, (a, b, slope_a, slope_b))
