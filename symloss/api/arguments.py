"""What the functions take in more than one form: durations, losses, seeds, settings by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from symloss import zoo
from symloss.errors import OptionError, unknown_name
from symloss.formula.params import checked_parameter_name, checked_value
from symloss.formula.parse import constants_in
from symloss.loss import Loss
from symloss.search.found_losses import loss_of
from symloss.search.run_argument import run_and_rank
from symloss.signature import Domain, Labels
from symloss.tasks.metric import Metric
from symloss.training.settings import TrainingSettings

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(value: float | str | None, name: str) -> float | None:
    """Read a duration: a number of seconds, or text such as "90s", "10m" or "2h"; None stays.

    Raises:
        OptionError: it is none, or not above 0.
    """
    if value is None:
        return None
    try:
        text = str(value).strip().lower()
        unit = UNITS.get(text[-1:])
        found = float(text[:-1] if unit else text) * (unit or 1.0)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise OptionError(
            f"{name} is {value!r}; give seconds above 0, or a duration such as '90s', '10m' or '2h'"
        )
    return found


def seed_list(seeds: int | Iterable[int], first: int) -> tuple[int, ...]:
    """Return the seeds that a number of them, from `first` on, or a list of them means.

    Raises:
        OptionError: there is none, or one is no whole number from 0 on.
    """
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        found: tuple[Any, ...] = tuple(range(first, first + seeds))
    else:
        found = tuple(seeds) if isinstance(seeds, Iterable) else ()
    if not found or any(not isinstance(one, int) or isinstance(one, bool) or one < 0 for one in found):
        raise OptionError(
            f"seeds are {seeds!r}; give how many, at least 1, or a list of whole numbers from 0 on, such as (1, 2, 3)"
        )
    return found


def loss_list(
    losses: str | Loss | Sequence[str | Loss],
    signature: Domain,
    params: Mapping[str, Sequence[float]] | None = None,
) -> list[Loss]:
    """Return losses on the labels of a task.

    Args:
        losses: one or several: names, formulas, folders of searches (their best losses), or `Loss` itself.
        signature: of the task.
        params: values of named constants, as `param_values` reads them; a loss takes the first one of its own.

    Raises:
        FormulaError, OptionError, RunError: one is none of these, or is none on these labels; or no loss has a constant
            of that name.
    """
    if isinstance(losses, str | Loss):
        given: list[str | Loss] = [losses]
    elif isinstance(losses, Iterable):
        given = list(losses)
    else:
        raise OptionError(f"{_NO_LOSS}{type(losses).__name__}")
    if not given:
        raise OptionError("there is no loss; name at least one, such as 'bce'")
    first = {name: values[0] for name, values in (params or {}).items()}
    found = [_loss(one, signature, first) for one in given]
    for name in first:
        if not any(name in one.params for one in found):
            others = ", ".join(sorted({own for one in found for own in one.params})) or "none"
            raise OptionError(
                f"params sets {name}, but no loss here has a constant of that name (they have: {others}); write the "
                "name into the formula, or leave it out"
            )
    return found


def param_values(params: Mapping[str, float | Sequence[float]] | None) -> dict[str, tuple[float, ...]]:
    """Read values of named constants: a number, or several, for each name.

    Raises:
        OptionError: it is no mapping, or a name or a value is not allowed.
    """
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise OptionError(
            f"params is {type(params).__name__}; it must map names to numbers, such as {{'tau': 0.2}}, or to several"
        )
    found = {}
    for name, value in params.items():
        checked_parameter_name(name)
        given: object = value
        several = [given] if isinstance(given, str) or not isinstance(given, Iterable) else given
        found[name] = tuple(dict.fromkeys(checked_value(name, one) for one in several))
        if not found[name]:
            raise OptionError(f"params has no value for {name}; give at least one number")
    return found


def factors(values: object, name: str) -> tuple[float, ...]:
    """Read a number, or several: the values of eps or of scale that are tried.

    Raises:
        OptionError: it is neither; what they may be is checked where they are used.
    """
    several = [values] if isinstance(values, int | float) else values
    try:
        if isinstance(several, str) or not isinstance(several, Iterable):
            raise TypeError
        return tuple(map(float, several))
    except (TypeError, ValueError):
        raise OptionError(
            f"{name} is {values!r}; give a number above 0, or several, such as (0.1, 1)"
        ) from None


_NO_LOSS = "a loss is a name, a formula or a Loss, not "


def _loss(loss: object, signature: Domain, params: Mapping[str, float]) -> Loss:
    if not isinstance(loss, str | Loss):
        raise OptionError(f"{_NO_LOSS}{type(loss).__name__}")
    if isinstance(loss, Loss):
        found = loss.with_params(**{name: value for name, value in params.items() if name in loss.params})
    elif zoo.is_name(loss):
        found = zoo.get(loss)
    elif (run := run_and_rank(loss)) is not None:
        found = loss_of(*run)
    else:
        names = constants_in(loss)
        own = {name: value for name, value in params.items() if name in names}
        return Loss(loss, labels=str(signature.labels), input=str(signature.input), params=own)
    if found.domain.labels is signature.labels:
        return found
    # a loss keeps its input where probabilities stay probabilities
    both = {found.domain.labels, signature.labels} <= {Labels.BINARY, Labels.UNIT}
    return found.with_domain(signature.labels, found.domain.input if both else signature.input)


def settings_of(given: Mapping[str, Any], metric: Metric, seed: int) -> TrainingSettings:
    """Return settings of training from arguments by name.

    Args:
        given: fields of `TrainingSettings` but for metric and seed.
        metric: what is watched.
        seed: of the order of the rows.

    Raises:
        OptionError: a name or a value is not allowed.
    """
    allowed = [one.name for one in fields(TrainingSettings) if one.name not in ("metric", "seed")]
    for name in given:
        if name not in allowed:
            raise OptionError(
                unknown_name("argument", name, allowed, "settings of training go by these names")
            )
    return TrainingSettings(metric=metric, seed=seed, **given)
