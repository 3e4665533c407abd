"""Programs written by hand, and random ones, for tests of the back ends."""

from __future__ import annotations

import numpy as np

from symloss.compile.program import FIRST_CONSTANT_SLOT, Program
from symloss.ops.opcode import Opcode

UNARY = (
    Opcode.NEGATE, Opcode.IDENTITY, Opcode.SQUARE, Opcode.LOG, Opcode.EXP, Opcode.ABS, Opcode.SQRT, Opcode.SIGN,
    Opcode.TANH, Opcode.SIGMOID, Opcode.RELU, Opcode.GUARD, Opcode.PROTECTED_EXP, Opcode.ARCTAN,
)  # fmt: skip


def program(*instructions: tuple[Opcode, int, int], constants: tuple[float, ...] = ()) -> Program:
    opcodes, left, right = zip(*instructions, strict=True)
    return Program(
        opcodes=np.array(opcodes, np.int32),
        left=np.array(left, np.int32),
        right=np.array(right, np.int32),
        constants=np.array(constants, np.float64),
    )


MSE = program((Opcode.SUBTRACT, 0, 1), (Opcode.SQUARE, 3, 3))
BCE = program(
    (Opcode.LOG, 0, 0),
    (Opcode.SUBTRACT, 3, 0),
    (Opcode.LOG, 5, 5),
    (Opcode.MULTIPLY, 1, 4),
    (Opcode.SUBTRACT, 3, 1),
    (Opcode.MULTIPLY, 8, 6),
    (Opcode.ADD, 7, 9),
    (Opcode.NEGATE, 10, 10),
    constants=(1.0,),
)
MAXR = program(
    (Opcode.ADD, 0, 2),
    (Opcode.ADD, 1, 2),
    (Opcode.DIVIDE, 3, 4),
    (Opcode.DIVIDE, 4, 3),
    (Opcode.MAXIMUM, 5, 6),
)
HINGE = program(
    (Opcode.SUBTRACT, 3, 0),
    (Opcode.RELU, 5, 5),
    (Opcode.MULTIPLY, 1, 6),
    (Opcode.SUBTRACT, 3, 1),
    (Opcode.MULTIPLY, 8, 0),
    (Opcode.ADD, 7, 9),
    constants=(1.0, 0.0),
)


def random_program(generator: np.random.Generator, length: int) -> Program:
    """Draw opcodes and operands; the chain always passes through the previous result."""
    constants = tuple(generator.uniform(-2, 2, generator.integers(0, 3)))
    first = FIRST_CONSTANT_SLOT + len(constants)
    instructions = []
    for i in range(length):
        opcode = Opcode(int(generator.integers(len(Opcode))))
        left = first + i - 1 if i else 0
        right = left if opcode in UNARY else int(generator.integers(first + i))
        instructions.append((opcode, left, right))
    return program(*instructions, constants=constants)
