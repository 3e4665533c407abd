"""Formulas typeset for titles and legends: by matplotlib's own mathtext, broken into lines that fit."""

from __future__ import annotations

import re
from functools import lru_cache

import sympy

from symloss.errors import OptionError
from symloss.loss import Loss
from symloss.signature import parameter

POINTS_PER_INCH = 72.0
MOST_LINES = 3

_REPLACED = ((r"\operatorname", r"\mathrm"), (r"\left|", "|"), (r"\right|", "|"))
"""What SymPy writes and mathtext does not know."""


_JUXTAPOSED = re.compile(r"([A-Za-z0-9})])\s*(\\(?:max|min|log|exp|sqrt|mathrm|tanh)\b)")
"""A factor and a function name with nothing between them: "y max" would read as one word."""


def typeset(loss: Loss) -> str | None:
    """Return the formula in mathtext, without dollar signs; None where mathtext can't set it."""
    text = loss.latex()
    for old, new in _REPLACED:
        text = text.replace(old, new)
    text = _JUXTAPOSED.sub(r"\1\\,\2", text)
    if not re.search(r"\\frac\{[^{}]*(\{[^{}]*\}[^{}]*)*\\frac", text):
        # Fractions that hold no fraction are set in full size.
        text = text.replace(r"\frac", r"\dfrac")
    return text if width_of(f"${text}$", 8.0) is not None else None


def constants_text(loss: Loss) -> str:
    """Return "eps = ..." and the named constants in mathtext, or an empty text for a loss without any."""
    known = {r"\epsilon": loss.eps_value} if loss.has_eps else {}
    known |= {sympy.latex(parameter(name)): value for name, value in loss.params.items()}
    return ", ".join(f"${name} = {number_text(value)}$" for name, value in known.items())


def number_text(value: float) -> str:
    """Return a number in mathtext, without dollar signs: 0.1, 10^{-6}."""
    text = f"{value:.4g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else f"{mantissa} \\times {power}"


def title_of(loss: Loss, width: float, *, size: float = 8.0, formula: bool = True) -> str:
    """Return name, formula and constants as a text that is at most `width` inches wide.

    A formula that is too long for one line is broken at its plus and minus signs and between factors, into three
    lines at most; where that is not enough it is cut, with three dots.

    Args:
        loss: the loss.
        width: in inches.
        size: of the font, in points.
        formula: whether the formula of a loss with a name is wanted as well.
    """
    room = width * POINTS_PER_INCH
    constants = constants_text(loss)
    if loss.name is not None and not formula:
        return f"{loss.title} ({constants})" if constants else loss.title
    mathtext = typeset(loss)
    name = f"{loss.name}:  " if loss.name else ""
    after = f"   ({constants})" if constants else ""
    if mathtext is None:
        head = f"{loss.name}{after}\n" if loss.name else f"{constants}\n" if constants else ""
        return head + cut_text(f"f = {loss.text}", room, size)
    whole = f"{name}$f = {mathtext}${after}"
    if fits(whole, room, size):
        return whole
    head = f"{loss.name}{after}" if loss.name else constants
    lines = _broken("f = " + mathtext, room, size) or _broken("f = " + mathtext, room, size, factors=True)
    if lines is None:
        lines = [cut_text(f"f = {loss.text}", room, size)]
    return "\n".join([*([head] if head else []), *lines])


def label_of(loss: Loss, width: float, *, size: float = 7.0) -> str:
    """Return the name, or else the formula, on one line for a legend."""
    constants = constants_text(loss)
    after = f" ({constants})" if constants else ""
    if loss.name is not None:
        return f"{loss.title}{after}"
    mathtext = typeset(loss)
    room = width * POINTS_PER_INCH
    if mathtext is not None and fits(f"${mathtext}${after}", room, size):
        return f"${mathtext}${after}"
    used = width_of(after, size) or 0.0
    return cut_text(loss.text, room - used, size) + after


def fits(text: str, room: float, size: float) -> bool:
    """Return whether a line is at most `room` points wide."""
    width = width_of(text, size)
    return width is not None and width <= room


@lru_cache(maxsize=4096)
def width_of(text: str, size: float) -> float | None:
    """Return the width of a line in points, None where mathtext can't read it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    if not text:
        return 0.0
    try:
        return float(MathTextParser("path").parse(text, 72, FontProperties(size=size)).width)
    except (ValueError, RecursionError):
        # mathtext reports what it does not know as a ValueError.
        return None


def cut_text(text: str, room: float, size: float) -> str:
    """Return a plain text, cut at the end with dots where it is wider than `room` points."""
    plain = text.replace("$", "")
    if fits(plain, room, size):
        return plain
    low, high = 0, len(plain)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if fits(plain[:middle].rstrip() + " ...", room, size) else (low, middle - 1)
        )
    return plain[:low].rstrip() + " ..."


def _broken(mathtext: str, room: float, size: float, *, factors: bool = False) -> list[str] | None:
    """Return lines of mathtext, or None where they are too many or one is too long."""
    lines: list[str] = []
    line = ""
    for part in _parts(mathtext, factors):
        if fits(f"${line}{part}$", room, size):
            line += part
            continue
        if not line:
            return None
        lines.append(f"${line}$")
        # A product goes on with its sign, lest it read as a sum.
        line = part.lstrip() if part.startswith((" + ", " - ")) else rf"\times {part.lstrip()}"
        if not fits(f"${line}$", room, size):
            return None
    lines.append(f"${line}$")
    return lines if len(lines) <= MOST_LINES else None


_TOKEN = re.compile(
    r"\\left[.(\[|]|\\left\\\{|\\right[.)\]|]|\\right\\\}|\\[A-Za-z]+|\\.|[{}]| [+-] |.", re.DOTALL
)


def _parts(mathtext: str, factors: bool) -> list[str]:
    """Split where a line may be broken: before plus and minus, and, if `factors`, before a factor in brackets."""
    parts, current, depth = [], "", 0
    previous = ""
    for token in _TOKEN.findall(mathtext):
        opens = token.startswith(r"\left")
        sign = token in (" + ", " - ")
        factor = factors and (
            (opens and previous in (")", "}", " ")) or token in (r"\log", r"\dfrac", r"\sqrt")
        )
        if depth == 0 and current.strip() and (sign or factor) and not current.endswith(("= ", "\\mathrm")):
            parts.append(current)
            current = ""
        current += token
        depth += (token == "{" or opens) - (token == "}" or token.startswith(r"\right"))
        previous = token[-1]
    return [*parts, current]


def checked_losses(losses: object) -> None:
    """Refuse an empty list of losses.

    Raises:
        OptionError: there is no loss.
    """
    if not losses:
        raise OptionError("there is no loss to draw; give at least one")
