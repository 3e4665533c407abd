"""Factors between gradients as text: numbers first ("1 + eps"), by label where they differ."""

from __future__ import annotations

from sympy import Expr

from symloss.formula.text import FormulaPrinter


def factor_text(factor: Expr) -> str:
    """Return a factor as formula text, constants before powers of eps."""
    return FormulaPrinter({"full_prec": False, "order": "rev-lex"}).doprint(factor)


def by_label(factors: dict[str, Expr], times_once: bool = False) -> str:
    """Return "times 1 for y = 0 and times 1 + eps for y = 1"; with `times_once` without the second "times"."""
    texts = [f"{factor_text(value)} for y = {label}" for label, value in factors.items()]
    return "times " + (" and " if times_once else " and times ").join(texts)


def relation_by_label(factors: dict[str, Expr]) -> str:
    """Return "same gradient for y = 0, proportional by 1 + eps for y = 1"."""
    return ", ".join(
        f"{'same gradient' if value == 1 else f'proportional by {factor_text(value)}'} for y = {label}"
        for label, value in factors.items()
    )
