"""The results of an evaluation as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symloss.errors import OptionError, RunError
from symloss.files import write_file
from symloss.report.markup import (
    DASH,
    Markup,
    decimals,
    element,
    html,
    join,
    paragraph,
    section,
    short,
    table,
)
from symloss.report.style import CSS
from symloss.report.values import mapping, mappings, number, text, whole
from symloss.tasks.metric import Metric
from symloss.tasks.metrics.registry import title_of

ENDINGS = (".html", ".htm")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def write_evaluation(document: Mapping[str, Any], metric: Metric, path: Path) -> Path:
    """Write the page: a whole file or none.

    Args:
        document: of the evaluation, with the keys of `symloss evaluate --json`.
        metric: the validation metric.
        path: the file, which ends in .html or .htm.

    Raises:
        OptionError: it has another ending.
        RunError: it can't be written.
    """
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(
            f"can't write {str(path)!r}: a report is HTML, and the ending must be one of {', '.join(ENDINGS)}"
        )
    write_file(path, evaluation_page(document, metric), error=RunError)
    return path


def evaluation_page(document: Mapping[str, Any], metric: Metric) -> str:
    """Return the page; arguments as of `write_evaluation`."""
    data = mapping(document.get("dataset"))
    title = f"Losses compared: {text(document.get('model'), 40)} on {text(data.get('name'), 80)}"
    warnings = [text(one.get("text"), 2000) for one in mappings(document.get("warnings"), 20)]
    tests = mappings(mapping(document.get("significance")).get("tests"), 100)
    body = join(
        [
            element("header", element("h1", title)),
            element(
                "main",
                section("results", "Test results", _results(document, metric)),
                section(
                    "tests", "Paired tests", *(paragraph(text(one.get("sentence"), 4000)) for one in tests)
                )
                if tests
                else "",
                section("warnings", "Warnings", *(paragraph(f"{one}.") for one in warnings))
                if warnings
                else "",
            ),
            element("footer", "Written by symloss from the results of an evaluation."),
        ],
        "\n",
    )
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html(POLICY)}">\n'
        f"<title>{html(title)}</title>\n<style>\n{CSS}\n</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _results(document: Mapping[str, Any], metric: Metric) -> Markup:
    results = mappings(document.get("results"), 1000)
    references = mappings(document.get("references"), 20)
    every = [mapping(one.get("metrics")) for one in (*results, *references)]
    known = dict.fromkeys([metric.name, *(name for one in every for name in one)])
    names = [name for name in known if any(number(one.get(name)) is not None for one in every)]
    titles = [metric.title if name == metric.name else title_of(name) for name in names]
    columns = ["loss", "eps", "scale", "seed", *titles, f"validation {metric.title}", "best epoch"]
    rows: list[list[object]] = [
        [
            text(one.get("loss"), 2000),
            short(number(one.get("eps"))),
            short(number(one.get("scale"))),
            str(whole(one.get("seed"))),
            *(decimals(number(mapping(one.get("metrics")).get(name))) for name in names),
            decimals(number(one.get("valid_metric"))),
            f"{whole(one.get('best_epoch'))} of {whole(one.get('epochs'))}",
        ]
        for one in results
    ]
    rows += [
        [
            text(one.get("name"), 60),
            DASH,
            DASH,
            DASH,
            *(decimals(number(mapping(one.get("metrics")).get(name))) for name in names),
            decimals(number(one.get("valid_metric"))),
            DASH,
        ]
        for one in references
    ]
    return table("Metrics of the test part at the best epoch by validation", columns, rows, right=columns[1:])
