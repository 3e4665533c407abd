"""A member of a population: one loss with all that sets its training apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symloss.compile.program import Program, ProgramBatch
from symloss.errors import OptionError
from symloss.ops.opcode import Opcode
from symloss.training.settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class Member:
    """One loss to train with.

    Args:
        program: the loss.
        eps: its smoothing, positive and finite.
        scale: a factor on it, positive and finite.
        seed: of the initial state and of the order of interactions, 0 to 2**63 - 1.
        takes_score: True where the loss sees the raw score, not its sigmoid.
        label: what reports call it.
        learning_rate: > 0; None for that of the settings.
        l2: >= 0, learning_rate * l2 < 1; None for that of the settings.

    Raises:
        OptionError: a number is out of range, or the program is not well formed.
    """

    program: Program
    eps: float = 1e-6
    scale: float = 1.0
    seed: int = 42
    takes_score: bool = False
    label: str = ""
    learning_rate: float | None = None
    l2: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("eps", "scale"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise OptionError(f"{name} is {value!r}; it must be a positive, finite number")
        if not 0 <= self.seed < 2**63:
            raise OptionError(f"seed is {self.seed!r}; it must be a whole number, 0 to 2**63 - 1")
        rate, l2 = self.learning_rate, self.l2
        if rate is not None and not 0 < rate < math.inf:
            raise OptionError(
                f"learning_rate is {rate!r}; it must be a positive number, or None for that of the settings"
            )
        if l2 is not None and not 0 <= l2 < math.inf:
            raise OptionError(
                f"l2 is {l2!r}; it must be 0 or a positive number, or None for that of the settings"
            )
        if rate is not None and l2 is not None:
            _check_decay(rate, l2, self.label)
        _check_program(self.program)


def pack(members: Sequence[Member]) -> ProgramBatch:
    """Return the programs of members (at least one) as one batch."""
    return ProgramBatch.pack(
        [member.program for member in members],
        [member.eps for member in members],
        [member.scale for member in members],
        [member.takes_score for member in members],
    )


def rates_of(
    members: Sequence[Member], settings: TrainingSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the learning rate and L2 factor of each member, two arrays of shape (K,).

    Raises:
        OptionError: a member's rate times its L2 factor is 1 or more.
    """
    rates = [
        settings.learning_rate if member.learning_rate is None else member.learning_rate for member in members
    ]
    l2s = [settings.l2 if member.l2 is None else member.l2 for member in members]
    for member, rate, l2 in zip(members, rates, l2s, strict=True):
        _check_decay(rate, l2, member.label)
    return np.array(rates, np.float64), np.array(l2s, np.float64)


def _check_decay(rate: float, l2: float, label: str) -> None:
    """Check that a step leaves a part of each parameter: exact decay divides by 1 - rate * l2."""
    if not rate * l2 < 1:
        whose = f" for {label!r}" if label else ""
        raise OptionError(
            f"l2 is {l2!r}{whose}; it must be below 1 / learning_rate, {1 / rate:g} at the rate {rate!r}"
        )


def _check_program(program: Program) -> None:
    """Check what kernels rely on without looking: known opcodes, and operands that are there already."""
    length = len(program.opcodes)
    if not length or len(program.left) != length or len(program.right) != length:
        raise OptionError(
            "a program needs at least one instruction, and two operands for each; compile the loss again"
        )
    own = program.n_inputs + len(program.constants) + np.arange(length)
    known = (program.opcodes >= 0) & (program.opcodes < len(Opcode))
    ready = (np.minimum(program.left, program.right) >= 0) & (np.maximum(program.left, program.right) < own)
    if not (known & ready).all():
        i = int(np.argmin(known & ready))
        raise OptionError(
            f"instruction {i} of the program (opcode {program.opcodes[i]}, slots {program.left[i]} and "
            f"{program.right[i]}) is not well formed; compile the loss again"
        )
