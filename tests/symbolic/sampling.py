"""Random losses, the way a search samples them: operators on yhat, y and 1, the last variable is the loss."""

from __future__ import annotations

import random

from sympy import Integer

from symloss import zoo
from symloss.formula.parse import parse
from symloss.loss import Loss
from symloss.ops import Bounded, operator_set
from symloss.ops.interval import Interval, variable_interval
from symloss.signature import Domain, yhat
from symloss.signature import y as label_symbol

SMOOTHINGS = (1e-6, 1e-3, 0.1)


def sampled_loss(rng: random.Random, groups: tuple[str, ...] = ("paper",), eps: float | None = 0.1) -> Loss:
    """Draw one loss of 3 to 9 variables beyond yhat, y and 1, with distinct operands; it contains yhat."""
    domain = Domain()
    choices = operator_set(groups)
    while True:
        variables = [
            Bounded(yhat, variable_interval("yhat", domain)),
            Bounded(label_symbol, variable_interval("y", domain)),
            Bounded(Integer(1), Interval(1.0, 1.0)),
        ]
        for _ in range(rng.randint(3, 9)):
            operator = rng.choice(choices)
            variables.append(operator.apply(*rng.sample(variables, operator.arity)))
        expression = variables[-1].expression
        if yhat in expression.free_symbols:
            return Loss(expression, eps=eps)


def sampled_losses(
    count: int, seed: int, groups: tuple[str, ...] = ("paper",), open_eps: bool = False
) -> list[Loss]:
    """Draw losses with eps from `SMOOTHINGS`, or left open."""
    rng = random.Random(seed)
    return [sampled_loss(rng, groups, None if open_eps else rng.choice(SMOOTHINGS)) for _ in range(count)]


_EDITS = [
    ("+ ", "- "), ("- ", "+ "), ("yhat", "(1 - yhat)"), ("y*", "2*y*"), ("log", "plog"), ("max", "min"), ("min", "max"),
    ("**2", "**3"), ("exp", "tanh"), ("1 - y", "1 + y"), ("abs", "square"), ("0.7", "0.5"), ("yhat", "square(yhat)"),
]  # fmt: skip


def zoo_mutations(count: int, seed: int) -> list[Loss]:
    """Return zoo losses with one or two edits of their text, parsed again; some are equal to others on purpose."""
    rng = random.Random(seed)
    result: list[Loss] = []
    while len(result) < count:
        entry = rng.choice(zoo.ENTRIES)
        text = entry.formula
        for _ in range(rng.randint(1, 2)):
            old, new = rng.choice(_EDITS)
            places = [i for i in range(len(text)) if text.startswith(old, i)]
            if places:
                at = rng.choice(places)
                text = text[:at] + new + text[at + len(old) :]
        text = rng.choice(["{}", "2*({})", "{} + y**2", "({}) - 3*y", "({})/4 + 1"]).format(text)
        try:
            result.append(Loss(parse(text), eps=rng.choice(SMOOTHINGS), input=entry.input))
        except ValueError:
            continue
        except Exception as error:
            if type(error).__name__ == "FormulaError":
                continue
            raise
    return result
