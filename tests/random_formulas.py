"""Random formula texts over the whole grammar, small, with the edges in it: zeros, negative bases, roots of squares."""

from __future__ import annotations

import random

NAMES = ("yhat", "yhat", "yhat", "y", "y", "eps", "1 - yhat", "1 - y", "yhat - y", "-yhat")
NUMBERS = ("0", "1", "2", "3", "0.5", "0.25", "1.5", "10", "1e-6", "0.1", "7")
EXPONENTS = (
    "2",
    "2",
    "0.5",
    "3",
    "-1",
    "-0.5",
    "1.5",
    "4",
    "0.25",
    "0",
    "-2",
    "1/3",
    "y",
    "1-y",
    "yhat",
    "eps",
    "y/2",
    "y*yhat",
)
UNARY = ("log", "exp", "abs", "sqrt", "sign", "square", "tanh", "atan", "sigmoid", "relu", "pexp", "guard")
SMOOTHED = ("plog", "recip", "psqrt")


def random_formula(dice: random.Random, depth: int = 4) -> str:
    """Return a formula text; it may still be refused, where a number in it is not a real one, for example."""
    if depth <= 0 or dice.random() < 0.12:
        return dice.choice(NAMES) if dice.random() < 0.75 else dice.choice(NUMBERS)
    kind = dice.random()
    inner = random_formula(dice, depth - 1)
    if kind < 0.42:
        other = random_formula(dice, depth - 1 - dice.randrange(2))
        return f"({inner}) {dice.choice('+-**/')} ({other})"
    if kind < 0.58:
        exponent = dice.choice(EXPONENTS) if dice.random() < 0.9 else random_formula(dice, 1)
        return f"({inner})**({exponent})"
    if kind < 0.68:
        other = random_formula(dice, depth - 2)
        return f"{dice.choice(('max', 'min'))}({inner}, {other})"
    if kind < 0.74:
        smoothing = dice.choice(("", "", ", eps", ", 0.1"))
        return f"{dice.choice(SMOOTHED)}({inner}{smoothing})"
    if kind < 0.76:
        return f"aq({inner}, {random_formula(dice, depth - 2)})"
    return f"{dice.choice(UNARY)}({inner})"


def random_domain(dice: random.Random) -> dict[str, str]:
    """Return labels and input, the default ones most often."""
    return dice.choice(
        ({}, {}, {}, {"input": "score"}, {"input": "score"}, {"labels": "unit"}, {"labels": "real"})
    )
