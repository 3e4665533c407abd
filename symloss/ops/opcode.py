"""Opcodes of the program form: the instructions every numeric back end understands.

A loss compiles to a list of these (see `symloss.compile.program`). The numbers
are stable: they are stored with runs.
"""

from __future__ import annotations

from enum import IntEnum


class Opcode(IntEnum):
    """One instruction: the value from operands a, b and the derivative from da, db.

    Ties and kinks follow torch: at a = b `MAX` and `MIN` take the mean of both
    derivatives, `ABS` and `SIGN` have derivative 0 at 0.
    """

    ADD = 0
    SUBTRACT = 1
    MULTIPLY = 2
    DIVIDE = 3
    POWER = 4
    MAXIMUM = 5
    MINIMUM = 6
    NEGATE = 7
    IDENTITY = 8
    SQUARE = 9
    LOG = 10
    EXP = 11
    ABS = 12
    SQRT = 13
    SIGN = 14
    TANH = 15
    SIGMOID = 16
    RELU = 17
    GUARD = 18
    PROTECTED_LOG = 19
    PROTECTED_RECIPROCAL = 20
    PROTECTED_SQRT = 21
    PROTECTED_EXP = 22
    ANALYTIC_QUOTIENT = 23
    ARCTAN = 24
