"""Text of target `json` -> Loss: read as data, checked field by field, nothing is evaluated."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from symloss.errors import OptionError
from symloss.export.to_json import FORMAT, VERSION
from symloss.loss import Loss

LONGEST_DOCUMENT = 100_000
LONGEST_NAME = 200
_OPTIONAL = ("source", "made_by")
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
    if version != VERSION or isinstance(version, bool):
        raise OptionError(
            f'"version" must be {VERSION}, as this symloss writes it; export the loss again or update symloss'
        )
    formula = _text(document, "formula", 10_000)
    eps = document.get("eps")
    if eps is not None and (isinstance(eps, bool) or not isinstance(eps, int | float)):
        raise OptionError('"eps" must be a number or null')
    name = None if document.get("name") is None else _text(document, "name", LONGEST_NAME)
    return Loss(
        formula,
        eps=eps,
        labels=_text(document, "labels", 20),
        input=_text(document, "input", 20),
        name=name,
    )


def _document(text: str) -> dict[str, Any]:
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
    return value
