"""The whole page: its head, its sections in order, and the rules that keep it from loading or running anything."""

from __future__ import annotations

from symloss.report.facts import Facts, Progress
from symloss.report.markup import Markup, element, html, join, paragraph
from symloss.report.pictures import pictures
from symloss.report.ranking_sections import finalists_section, ranked_section
from symloss.report.results_sections import best_section, results_section
from symloss.report.search_sections import checks_section, counts_section, pictures_section
from symloss.report.settings_sections import (
    data_section,
    environment_section,
    notes_section,
    reproduce_section,
    settings_section,
)
from symloss.report.style import CSS
from symloss.report.values import text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""No script, no request: whatever a run folder holds, the page only shows it."""

CONTENTS = {
    "best": "best loss",
    "results": "test results",
    "finalists": "contest",
    "ranked": "by reward",
    "checks": "checks and proofs",
    "pictures": "pictures",
    "counts": "sampled losses",
    "settings": "settings",
    "data": "data set",
    "environment": "versions",
    "reproduce": "reproduce",
    "notes": "notes",
}
"""Sections by their ids, in order, and what the list of contents calls them."""


def page(facts: Facts) -> str:
    """Return the report as an HTML document."""
    drawn, failed = pictures(facts)
    sections = {
        "best": best_section(facts),
        "results": results_section(facts),
        "finalists": finalists_section(facts),
        "ranked": ranked_section(facts),
        "checks": checks_section(facts),
        "pictures": pictures_section(drawn),
        "counts": counts_section(facts),
        "settings": settings_section(facts),
        "data": data_section(facts),
        "environment": environment_section(facts),
        "reproduce": reproduce_section(facts),
        "notes": notes_section(facts, failed),
    }
    links = [
        element("li", element("a", CONTENTS[key], href=f"#{key}")) for key, body in sections.items() if body
    ]
    body = join(
        [
            _header(facts),
            element("nav", element("ul", *links), aria_label="Contents"),
            element("main", *sections.values()),
            element(
                "footer", f"Written by symloss report from the run folder {text(str(facts.folder), 500)}."
            ),
        ],
        "\n",
    )
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html(facts.title)}</title>\n"
        f"<style>{CSS}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _header(facts: Facts) -> Markup:
    options = facts.options
    metric = facts.metric.upper()
    began = facts.started.replace("T", " ").replace("+00:00", " UTC") or "at a time that is not known"
    what = (
        f"{text(options.get('task'), 40) or 'a task'} by {metric}, "
        f"strategy {text(options.get('strategy'), 40) or 'unknown'}, "
        f"seed {text(options.get('seed'), 30) or 'unknown'}; begun {began}."
    )
    parts = [element("h1", facts.title), paragraph(what, class_="soft")]
    if facts.progress is not Progress.FINISHED:
        parts.append(element("p", str(facts.progress), class_="warn", role="note"))
    parts.append(paragraph(facts.sentence, class_="lead"))
    return element("header", *parts)
