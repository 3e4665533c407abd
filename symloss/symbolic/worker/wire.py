"""How questions and answers travel between this process and its workers: plain data and exact expressions.

Only what symloss itself is made of gets through: numbers, texts, containers, its dataclasses, its functions by name,
and SymPy expressions, node by node, so that nothing is evaluated again when one is put together: what arrives is what
was sent, and no constructor asks for the sign of anything. Nothing is unpickled, no text is run.
"""

from __future__ import annotations

import importlib
import marshal
from collections.abc import Callable
from enum import Enum
from functools import cache, reduce
from types import FunctionType
from typing import Any

import mpmath
import numpy as np
import sympy
from sympy import Basic, S
from sympy.core.singleton import Singleton

from symloss.signature import ALL_SYMBOLS, SYMBOLS, Domain, parameter

_TRUSTED = ("symloss", "sympy")
"""Packages whose classes may be named on the wire."""

_PLAIN = frozenset({type(None), bool, int, float, str, bytes})


def pack(value: Any) -> bytes:
    """Return a value as bytes.

    Raises:
        TypeError: it holds something that does not travel.
    """
    return marshal.dumps(_encode(value))


def unpack(data: bytes) -> Any:
    """Return the value that `pack` made bytes of."""
    return _decode(marshal.loads(data))


def _encode(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return ("tuple" if kind is tuple else "list", [_encode(entry) for entry in value])
    if kind is dict:
        return ("dict", [(_encode(key), _encode(entry)) for key, entry in value.items()])
    if kind in (set, frozenset):
        return (kind.__name__, [_encode(entry) for entry in value])
    if isinstance(value, Basic):
        return ("expression", _nodes(value))
    if isinstance(value, Enum):
        return ("enum", *_name(kind), value.value)
    if kind is Domain:
        return ("domain", value.labels.value, value.input.value)
    if hasattr(kind, "__dataclass_fields__"):
        fields = [(name, _encode(getattr(value, name))) for name in kind.__dataclass_fields__]
        return ("dataclass", *_name(kind), fields)
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return ("array", array.dtype.str, list(array.shape), array.tobytes(), isinstance(value, np.generic))
    if isinstance(value, mpmath.mpf):
        return ("mpf", tuple(int(part) for part in value._mpf_))
    if isinstance(value, FunctionType):
        return ("function", *_name(value))
    raise TypeError(f"{kind.__module__}.{kind.__qualname__} does not travel between processes")


@cache
def _named(module: str, name: str) -> Any:
    """Return a class or function of symloss or SymPy by its name."""
    if module.partition(".")[0] not in _TRUSTED:
        raise TypeError(f"{module}.{name} is neither of symloss nor of SymPy")
    return reduce(getattr, name.split("."), importlib.import_module(module))


def _decode(value: Any) -> Any:
    if type(value) is not tuple:
        return value
    return _DECODERS[value[0]](*value[1:])


def _decode_dataclass(module: str, name: str, fields: list[tuple[str, Any]]) -> Any:
    kind = _named(module, name)
    made = object.__new__(kind)
    for field, value in fields:
        object.__setattr__(made, field, _decode(value))
    return made


def _decode_array(dtype: str, shape: list[int], data: bytes, is_scalar: bool) -> Any:
    array = np.frombuffer(data, dtype).reshape(shape).copy()
    return array[()] if is_scalar else array


_DECODERS: dict[str, Callable[..., Any]] = {
    "tuple": lambda entries: tuple(_decode(entry) for entry in entries),
    "list": lambda entries: [_decode(entry) for entry in entries],
    "dict": lambda pairs: {_decode(key): _decode(entry) for key, entry in pairs},
    "set": lambda entries: {_decode(entry) for entry in entries},
    "frozenset": lambda entries: frozenset(_decode(entry) for entry in entries),
    "expression": lambda nodes: _expression(nodes),
    "enum": lambda module, name, value: _named(module, name)(value),
    "domain": Domain.of,
    "dataclass": _decode_dataclass,
    "array": _decode_array,
    "mpf": lambda parts: mpmath.mp.make_mpf(parts),
    "function": lambda module, name: _named(module, name),
}


def _name(thing: Any) -> tuple[str, str]:
    return thing.__module__, thing.__qualname__


def _nodes(expression: Basic) -> list[Any]:
    """Return the distinct nodes of an expression, arguments before what is made of them; no recursion."""
    numbers: dict[Basic, int] = {}
    nodes: list[Any] = []
    waiting: list[tuple[Basic, bool]] = [(expression, False)]
    while waiting:
        node, opened = waiting.pop()
        if node in numbers:
            continue
        if not opened and node.args and not _is_leaf(node):
            waiting.append((node, True))
            waiting.extend((argument, False) for argument in reversed(node.args))
            continue
        nodes.append(_leaf(node) if not opened else (*_name(type(node)), [numbers[a] for a in node.args]))
        numbers[node] = len(nodes) - 1
    return nodes


def _is_leaf(node: Basic) -> bool:
    return isinstance(node, sympy.CRootOf)


def _leaf(node: Basic) -> Any:
    if isinstance(node, sympy.Symbol):
        if type(node) is sympy.Symbol and ALL_SYMBOLS.get(node.name) == node:
            return ("symbol", node.name)
        if type(node) is sympy.Symbol and node.name.isidentifier() and node == parameter(node.name):
            return ("parameter", node.name)
        raise TypeError(f"the symbol {node} does not travel between processes")
    if isinstance(type(node), Singleton):
        return ("singleton", type(node).__name__)
    if isinstance(node, sympy.Rational):
        return ("rational", int(node.p), int(node.q))
    if isinstance(node, sympy.Float):
        return ("float", tuple(int(part) for part in node._mpf_), int(node._prec))
    if isinstance(node, sympy.CRootOf):
        coefficients = [(int(c.p), int(c.q)) for c in map(sympy.Rational, node.poly.all_coeffs())]
        return ("root", node.poly.gen.name, coefficients, int(node.index))
    raise TypeError(f"{type(node).__name__} does not travel between processes")


def _expression(nodes: list[Any]) -> Basic:
    made: list[Basic] = []
    for kind, *rest in nodes:
        if kind in _LEAVES:
            made.append(_LEAVES[kind](*rest))
        else:
            name, numbers = rest
            made.append(_node(_named(kind, name), [made[number] for number in numbers]))
    return made[-1]


def _node(function: Any, arguments: list[Basic]) -> Basic:
    """Put a node together as it stands."""
    if function in (sympy.Add, sympy.Mul):
        return function._from_args(arguments)
    if not (isinstance(function, type) and issubclass(function, Basic)):
        raise TypeError(f"{function} is no class of expressions")
    return function(*arguments, evaluate=False)


def _root(symbol: str, coefficients: list[tuple[int, int]], index: int) -> Basic:
    polynomial = sympy.Poly([sympy.Rational(*pair) for pair in coefficients], SYMBOLS[symbol])
    return sympy.CRootOf(polynomial, index, radicals=False)


_LEAVES: dict[str, Callable[..., Basic]] = {
    "symbol": ALL_SYMBOLS.__getitem__,
    "parameter": lambda name: parameter(name),
    "singleton": lambda name: getattr(S, name),
    "rational": sympy.Rational,
    "float": lambda parts, precision: sympy.Float._new(parts, precision),
    "root": _root,
}
