"""Where exported code comes from, written at its top."""

from __future__ import annotations

import hashlib
import re
import textwrap

from symloss import zoo
from symloss.loss import Loss
from symloss.signature import Input, Labels
from symloss.version import __version__

WIDTH = 88

_LABELS = {
    Labels.BINARY: "0 or 1",
    Labels.UNIT: "any number in [0, 1]",
    Labels.REAL: "any real number",
    Labels.POSITIVE: "any number from 0 upwards",
}


def prediction(loss: Loss) -> str:
    """Return what yhat is: a probability, a raw score, a mean or its logarithm, or the predicted number itself."""
    if loss.domain.input is Input.PROBABILITY:
        return "a probability, in (0, 1)"
    if loss.domain.input is Input.POSITIVE:
        return "a mean, any number above 0"
    if loss.domain.input is Input.LOG:
        return "the logarithm of a mean, any real number"
    if loss.domain.labels in (Labels.REAL, Labels.POSITIVE):
        return "the prediction, any real number"
    return "a raw score (a logit), any real number"


def facts(loss: Loss) -> list[tuple[str, str]]:
    """Return what a reader of an exported loss must know, as (name, sentence)."""
    rows = [
        ("Formula", loss.formula),
        *([("Params", f"{loss.params.text}; they are in the code")] if loss.params else []),
        *(
            []
            if loss.scale == 1
            else [("Scale", f"{loss.scale!r}, a factor on the formula; it is in the code")]
        ),
        ("yhat", prediction(loss)),
        ("y", _LABELS[loss.domain.labels]),
    ]
    if loss.has_eps:
        where = "set when exported" if loss.eps is not None else "left open, the usual value"
        rows.append(("eps", f"{loss.eps_value!r} unless given ({where})"))
    source = zoo_entry(loss)
    if source is not None:
        rows.append(("Source", f"{source.source} ({source.note})" if source.note else source.source))
    rows.append(("Made by", f"symloss {__version__}, symloss export; no condition on its use"))
    return rows


def zoo_entry(loss: Loss) -> zoo.ZooEntry | None:
    """Return the entry of a named loss, if it is that loss still."""
    if loss.name is None or not zoo.is_name(loss.name):
        return None
    same = zoo.get(loss.name).expression == loss.expression
    return zoo.entry(loss.name) if same else None


def title(loss: Loss) -> str:
    """Return the loss's name as plain text on one line, or "Unnamed loss" where it has none."""
    kept = re.sub(r"[^A-Za-z0-9 ._()+*/-]", "", loss.name or "").strip()[:50]
    return kept or "Unnamed loss"


def class_name(loss: Loss) -> str:
    """Return a name for a class of this loss: SquaredHingeLoss; one made from its formula where it has no name."""
    words = re.findall(r"[A-Za-z0-9]+", title(loss) if loss.name else "")
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    if not joined[:1].isalpha():
        return f"Loss{mark(loss)}"
    return joined if joined.endswith("Loss") else f"{joined}Loss"


def mark(loss: Loss) -> str:
    """Return eight characters of 0-9 and a-f that tell losses apart, so that two exports do not share a name."""
    parts = (loss.formula, loss.eps, loss.scale, loss.domain.labels, loss.domain.input, *loss.params.pairs)
    return hashlib.sha256(repr(tuple(map(str, parts))).encode()).hexdigest()[:8]


def docstring(first: str, loss: Loss, remarks: tuple[str, ...] = ()) -> str:
    """Return the docstring of an exported module, quotes included.

    Args:
        first: its first line, without a full stop.
        loss: what is exported.
        remarks: further paragraphs.
    """
    lines = [f'"""{first}.', ""]
    for name, sentence in facts(loss):
        lines += textwrap.wrap(
            f"{name + ':':<9}{sentence}", WIDTH, subsequent_indent=" " * 9, break_on_hyphens=False
        )
    for remark in remarks:
        lines += ["", *textwrap.wrap(remark, WIDTH, break_on_hyphens=False)]
    return "\n".join([*lines, '"""'])
