"""Settings that belong together: the search that finds most in little time, and the paper's."""

from __future__ import annotations

from typing import Any

from symloss.errors import OptionError, unknown_name

PRESETS = {
    "best": "genetic search, short trainings from scratch as reward, a scale-fair contest at the end",
    "paper": "the search of AutoLossGen: a controller, one epoch on the current recommender as reward",
}
"""Every preset with one line about it."""

_BEST: dict[str, Any] = {
    "strategy": "genetic",
    "reward": "fresh",
    "search_eps": (0.1,),
    "search_scale": (1.2, 1.8),
    "unit_scale": True,
    "check_first": True,
    "duplicates": "sampled",
    "effectiveness": "contest",
}

_BY_MODEL: dict[str, dict[str, Any]] = {
    "mf": {"reward_learning_rate": 1.0, "reward_epochs": 30},
    "mlp": {
        "reward_learning_rate": 0.03,
        "reward_epochs": 20,
        "rung_learning_rate": 0.03,
        "rungs": (10, 20, 40),
        "survivors": 5,
        "eps_grid": (1.0, 1e-1, 1e-2, 1e-4),
    },
}
"""How far rewards and rungs have to train before they order losses as training to convergence does (docs/search.md)."""


_OTHERS: dict[str, Any] = {
    "batch": 40,
    "search_scale": (1.5,),
    "reward_learning_rate": 0.01,
    "reward_epochs": 5,
    "rung_learning_rate": 0.01,
    "rungs": (5, 10, 20),
    "survivors": 5,
    "eps_grid": (1e-1, 1e-4),
}
"""For models that nothing is known of, trained as `symloss.training.clock.OTHERS` says. Their trainings take seconds,
not milliseconds, so that loops are short, and every loss has one try in phase I."""


def preset(name: str, model: str) -> dict[str, Any]:
    """Return the fields of `SearchOptions` that a preset sets for a model.

    Raises:
        OptionError: no preset has that name.
    """
    if name not in PRESETS:
        raise OptionError(unknown_name("preset", name, PRESETS, "--preset takes one of these"))
    if name == "paper":
        return {}
    return {**_BEST, **_BY_MODEL.get(model, _OTHERS)}
