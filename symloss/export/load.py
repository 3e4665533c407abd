"""Text of target `json` -> Loss: read as data, checked field by field, nothing is evaluated."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from symloss.errors import OptionError
from symloss.export.to_json import FORMAT, VERSION
from symloss.formula.allowed import LONGEST_NAME
from symloss.loss import Loss

LONGEST_DOCUMENT = 100_000
LONGEST_FORMULA, LONGEST_REMARK = 10_000, 2_000
_OPTIONAL = ("scale", "params", "source", "made_by")
_FIELDS = ("format", "version", "formula", "eps", "labels", "input", "name")


def load(text: str) -> Loss:
    """Return the loss that `export(loss, "json")` wrote.

    Args:
        text: the JSON document, at most 100,000 characters.

    Raises:
        OptionError: it is no such document; the message names the field.
        FormulaError: its formula can't be read.
    """
    document = _document(text)
    unknown = sorted(set(document) - {*_FIELDS, *_OPTIONAL})
    if unknown:
        allowed = ", ".join((*_FIELDS, *_OPTIONAL))
        raise OptionError(f"the document has the field {unknown[0][:60]!r}; allowed are {allowed}")
    if document.get("format") != FORMAT:
        raise OptionError(f'the document is no exported loss; its "format" must be "{FORMAT}"')
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        raise OptionError(
            f'"version" must be {VERSION}, as this symloss writes it; export the loss again or update symloss'
        )
    formula = _text(document, "formula", LONGEST_FORMULA)
    for field in ("source", "made_by"):
        if document.get(field) is not None:
            _text(document, field, LONGEST_REMARK)
    name = None if document.get("name") is None else _text(document, "name", LONGEST_NAME)
    scale = _number(document, "scale")
    return Loss(
        formula,
        eps=_number(document, "eps"),
        scale=1.0 if scale is None else scale,
        labels=_text(document, "labels", 20),
        input=_text(document, "input", 20),
        name=name,
        params=_params(document),
    )


def _params(document: dict[str, Any]) -> dict[str, float]:
    """Return the values of the loss's constants; the loss itself looks at their names."""
    given = document.get("params", {})
    if not isinstance(given, dict) or any(
        isinstance(value, bool) or not isinstance(value, int | float) for value in given.values()
    ):
        raise OptionError('"params" must be an object of names and numbers')
    return dict(given)


def _document(text: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise OptionError(
            f"load takes the text of an exported loss, not {type(text).__name__}; for a file: load(path.read_text())"
        )
    if len(text) > LONGEST_DOCUMENT:
        raise OptionError(
            f"the document has {len(text)} characters; an exported loss has at most {LONGEST_DOCUMENT}"
        )
    try:
        document = json.loads(text, parse_constant=_no_number, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise OptionError(f"the text is no JSON document: {reason}") from None
    if not isinstance(document, dict):
        raise OptionError("the document must be a JSON object, as symloss export --to json writes it")
    return document


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number of JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a field occurs twice")
    return document


def _text(document: dict[str, Any], field: str, longest: int) -> str:
    value = document.get(field)
    if not isinstance(value, str):
        raise OptionError(f'"{field}" is missing or no text; it must be a string')
    if len(value) > longest:
        raise OptionError(f'"{field}" has {len(value)} characters; at most {longest}')
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise OptionError(f'"{field}" holds half a character (a lone surrogate); write it in UTF-8')
    return value


def _number(document: dict[str, Any], field: str) -> float | None:
    value = document.get(field)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise OptionError(f'"{field}" must be a number or null')
    return value
