"""The sections about what the numbers depend on: settings, data, versions; and how to get them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symloss.report.facts import Facts
from symloss.report.markup import DASH, Markup, element, facts_list, paragraph, section, shell, table
from symloss.report.values import items, mapping, number, text, whole

MOST_SHOWN = 60
"""Entries of a list that are written out."""


def settings_section(facts: Facts) -> Markup:
    """Return all options of the search and of training."""
    training = mapping(facts.options.get("training"))
    own = [(_name(key), _value(value)) for key, value in facts.options.items() if key != "training"]
    trained = [(_name(key), _value(value)) for key, value in training.items()]
    return section(
        "settings",
        "Settings",
        facts_list(own[:200]),
        element("h3", "Training"),
        facts_list(trained[:100]),
    )


def _name(key: str) -> str:
    return text(key, 60).replace("_", " ")


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        entries = list(value.items())[:MOST_SHOWN]
        return ", ".join(f"{text(key, 60)} = {_value(entry)}" for key, entry in entries) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_value(entry) for entry in items(value, MOST_SHOWN)) or "none"
    return text(value, 500)


def data_section(facts: Facts) -> Markup:
    """Return the data set: name, source, sizes and fingerprint."""
    dataset = facts.dataset
    rows: list[tuple[str, object]] = [
        ("name", text(dataset.get("name"), 200) or "not known"),
        ("source", text(dataset.get("source"), 500) or "not known"),
        ("labels", facts.labels),
        ("users", _count(dataset.get("users"))),
        ("items", _count(dataset.get("items"))),
    ]
    parts: list[object] = [facts_list(rows)]
    sizes = []
    for name, part in list(mapping(dataset.get("parts")).items())[:10]:
        known = mapping(part)
        share = number(known.get("positive_share"))
        mean = number(known.get("mean_label"))
        sizes.append(
            [
                text(name, 40),
                *(_count(known.get(key)) for key in ("rows", "users", "items")),
                DASH if share is None else f"{100 * share:.1f}%",
                DASH if mean is None else f"{mean:.3f}",
            ]
        )
    columns = ["part", "rows", "users", "items", "positive", "mean label"]
    if sizes:
        parts.append(table("Parts of the data set", columns, sizes, right=columns[1:]))
    if digest := text(facts.fingerprint.get("sha256"), 128):
        parts.append(paragraph("Fingerprint of all its numbers (SHA-256): ", element("code", digest)))
    return section("data", "Data set", *parts)


def _count(value: Any) -> str:
    found = whole(value)
    return DASH if found is None else f"{found:,}"


def environment_section(facts: Facts) -> Markup:
    """Return versions and machine."""
    found = facts.environment
    versions = list(mapping(found.get("versions")).items())[:30]
    rows: list[tuple[str, object]] = [
        ("Python", text(found.get("python"), 40) or "not known"),
        *((text(name, 40), text(value, 60)) for name, value in versions),
        ("system", text(found.get("system"), 100) or "not known"),
        ("processor cores", _count(found.get("cores"))),
    ]
    return section("environment", "Versions and machine", facts_list(rows))


def reproduce_section(facts: Facts) -> Markup:
    """Return the commands that do it again, and those for the best loss."""
    commands = facts.commands
    same_loops = (
        "What is found in a given time depends on the speed of the machine. Ended by loops, phase I samples the "
        "same losses anywhere:"
    )
    said = {
        "The same search, from the options that the run keeps:": commands.search,
        same_loops: commands.same_loops,
        "To go on with this run, or to see its result again:": commands.go_on,
        "Check the best loss, with the proof:": commands.check,
        "Write it as code for PyTorch (the scale is not part of it):": commands.export,
        "Train with it and with handcrafted losses again:": commands.evaluate,
    }
    parts = [
        element("div", paragraph(title), shell(line), class_="command")
        for title, line in said.items()
        if line
    ]
    parts += [paragraph(note, class_="soft") for note in commands.notes]
    same = (
        "Numbers are the same, bit for bit, on the same machine with the same versions and number of threads."
    )
    return section("reproduce", "How to reproduce", *parts, paragraph(same, class_="soft"))


def notes_section(facts: Facts, failed: list[str]) -> Markup:
    """Return what was cut short, and what the reader should know about such numbers."""
    notes = [*facts.notes, *failed]
    known = (
        element("ul", *(element("li", note) for note in notes))
        if notes
        else paragraph("Nothing was cut short.")
    )
    caution = paragraph(
        "Losses were chosen by validation; test data was read once, for the losses in the table of test results. "
        "An interval over seeds says how much start and order matter, not how another test part would turn out. "
        "Results on one data set and model need not hold on another."
    )
    return section("notes", "Notes", known, caution)
