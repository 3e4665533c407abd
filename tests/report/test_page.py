"""The page: complete, well formed, from nowhere else, and safe whatever the run folder holds."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symloss.errors import RunError
from symloss.report import gather, page, write_report
from tests.report.conftest import Runs
from tests.report.reading import Node, read_html
from tests.tamper import reseal

SECTIONS = ["best", "results", "finalists", "ranked", "checks", "pictures", "counts", "settings", "data", "environment",
            "reproduce", "notes"]  # fmt: skip
KINDS = ("contest", "paper", "regression", "begun")
CORE = {"math", "mrow", "mi", "mn", "mo", "mfrac", "msup", "msqrt", "mover", "mspace"}


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures out: they take all the time."""
    monkeypatch.setattr("symloss.report.document.pictures", lambda _: ([], []))


@pytest.fixture(scope="session")
def pages(runs: Runs) -> dict[str, str]:
    return {kind: page(gather(getattr(runs, kind))) for kind in KINDS}


def sections(root: Node) -> list[str]:
    return [node.attributes["id"] for node in root.all("section")]


def nodes(root: Node) -> list[Node]:
    return [root, *(node for child in root.children for node in nodes(child))]


def check_safe(text: str) -> Node:
    """Check what holds for every page; return its tree."""
    root = read_html(text)
    assert text.startswith("<!DOCTYPE html>")
    assert not {node.name for node in nodes(root)} & {
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "form",
        "img",
        "base",
    }
    identifiers = [node.attributes["id"] for node in nodes(root) if "id" in node.attributes]
    assert len(identifiers) == len(set(identifiers))
    for node in nodes(root):
        for name, value in node.attributes.items():
            assert not name.startswith("on"), name
            if name in ("href", "xlink:href", "src", "action", "data"):
                assert value.startswith("#") and value[1:] in identifiers, value
            if name in ("aria-labelledby",):
                assert value in identifiers
            for reference in re.findall(r"url\(([^)]*)\)", value):
                assert reference.startswith("#") and reference[1:] in identifiers
    # the names of namespaces are no addresses to load from
    assert not re.search(
        r"https?://", re.sub(r'xmlns(:\w+)?="[^"]*"', "", text.replace(root.all("title")[0].text, ""))
    )
    assert "@import" not in text and "javascript:" not in text.lower()
    return root


def test_head(pages: dict[str, str]) -> None:
    for text in pages.values():
        root = check_safe(text)
        assert root.all("html")[0].attributes["lang"] == "en"
        metas = root.all("meta")
        assert metas[0].attributes["charset"] == "utf-8"
        policy = next(one.attributes["content"] for one in metas if "http-equiv" in one.attributes)
        assert "default-src 'none'" in policy and "script" not in policy
        assert root.all("title")[0].text.startswith("Search for a loss: mf on tiny")
        assert len(root.all("h1")) == 1 and len(root.all("main")) == 1
        for table in root.all("table"):
            assert table.children[0].name == "caption"
            assert all(cell.attributes["scope"] in ("col", "row") for cell in table.all("th"))
            widths = {sum(child.name in ("td", "th") for child in row.children) for row in table.all("tr")}
            assert len(widths) == 1
        for svg in root.all("svg"):
            assert svg.attributes["role"] == "img" and svg.all("title")[0].text
        assert {node.name for math in root.all("math") for node in nodes(math)} <= CORE
        assert len(text.encode()) < 3_000_000


def test_contest_has_every_section_in_order(pages: dict[str, str], runs: Runs) -> None:
    root = read_html(pages["contest"])
    assert sections(root) == SECTIONS
    linked = [node.attributes["href"][1:] for node in root.all("nav")[0].all("a")]
    assert linked == SECTIONS
    summary = json.loads((runs.contest / "summary.json").read_text())
    assert summary["comparison"]["sentence"] in " ".join(root.all("header")[0].text.split())
    best = next(node for node in root.all("section") if node.attributes["id"] == "best")
    assert best.all("math") and summary["best"]["formula"] in best.text
    assert f"{summary['comparison']['winner']['metrics']['auc']:.4f}" in best.text
    assert len(root.all("figure")) == 5 and all(figure.all("figcaption") for figure in root.all("figure"))
    assert "proved" in next(node for node in root.all("section") if node.attributes["id"] == "checks").text


def test_paper_and_regression(pages: dict[str, str]) -> None:
    for kind, name in (("paper", "AUC"), ("regression", "RMSE")):
        root = read_html(pages[kind])
        assert sections(root) == [key for key in SECTIONS if key != "finalists"]
        assert f"test {name}" in " ".join(root.text.split())
        assert "One seed gives no interval" in root.text
        assert "hinge" not in root.text


def test_a_search_that_has_just_begun_is_reported_as_such(pages: dict[str, str]) -> None:
    root = read_html(pages["begun"])
    warning = next(node for node in root.all("p") if node.attributes.get("class") == "warn")
    assert "has not come to its end" in warning.text
    assert "No loss has been trained to a reward yet." in root.text
    assert not root.all("figure")
    assert "symloss search --resume" in root.text


HOSTILE = '"></code></td><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\u202e\x07'


def poison(value: Any) -> Any:
    """Put hostile text in the place of every text, and odd values in the place of numbers."""
    if isinstance(value, dict):
        return {HOSTILE if key == "notes" else key: poison(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [poison(entry) for entry in value]
    return HOSTILE if isinstance(value, str) else value


def test_hostile_text_is_shown_as_text(runs: Runs, copy: Callable[[Path], Path]) -> None:
    for folder in (runs.contest, runs.paper):
        made = copy(folder)
        for name in ("config", "summary"):
            path = made / f"{name}.json"
            document = json.loads(path.read_text())
            task = document.get("options", {}).get("task")
            document = poison(document)
            if task:
                document["options"]["task"] = task
            path.write_text(json.dumps(document))
        with sqlite3.connect(made / "archive.sqlite") as archive:
            archive.execute("UPDATE candidates SET formula = ?", [HOSTILE])
            reports = archive.execute("SELECT number, report FROM checks").fetchall()
            archive.executemany(
                "UPDATE checks SET report = ? WHERE number = ?",
                [(json.dumps(poison(json.loads(report))), number) for number, report in reports],
            )
        archive.close()
        reseal(made)
        text = page(gather(made))
        root = check_safe(text)
        assert "<script>alert(1)" in root.text and "&lt;script&gt;" in text
        assert "\x07" not in text and "\u202e" not in text


@pytest.mark.parametrize(
    "replacement", [None, 7, "text", [], [None, 1], {}, {"a": 1}, 1e300, True, float("nan")], ids=str
)
@pytest.mark.usefixtures("no_pictures")
def test_values_of_any_type_do_no_harm(runs: Runs, copy: Callable[[Path], Path], replacement: Any) -> None:
    made = copy(runs.contest)
    summary = json.loads((made / "summary.json").read_text())
    summary["comparison"] = dict.fromkeys(summary["comparison"], replacement)
    (made / "summary.json").write_text(json.dumps({**summary, "counts": replacement, "seconds": replacement}))
    config = json.loads((made / "config.json").read_text())
    kept = {"options": config["options"]}
    (made / "config.json").write_text(json.dumps({**dict.fromkeys(config, replacement), **kept}))
    facts = gather(made)
    json.dumps(facts.to_json())
    check_safe(page(facts))


@pytest.mark.usefixtures("no_pictures")
def test_other_options_leave_the_command_out(runs: Runs, copy: Callable[[Path], Path]) -> None:
    made = copy(runs.paper)
    config = json.loads((made / "config.json").read_text())
    config["options"]["of a later version"] = 1
    (made / "config.json").write_text(json.dumps(config))
    facts = gather(made)
    assert facts.commands.search == "" and "of a later version" in facts.commands.notes[0]
    check_safe(page(facts))


@pytest.mark.usefixtures("no_pictures")
def test_a_formula_that_is_none_is_shown_as_text(runs: Runs, copy: Callable[[Path], Path]) -> None:
    made = copy(runs.paper)
    with sqlite3.connect(made / "archive.sqlite") as archive:
        archive.execute("UPDATE candidates SET formula = '__import__(\"os\").getcwd()' || number")
    archive.close()
    reseal(made)
    root = check_safe(page(gather(made)))
    ranked = next(node for node in root.all("section") if node.attributes["id"] == "ranked")
    assert "__import__" in ranked.text and not ranked.all("math")


def test_an_odd_formula_takes_no_time(runs: Runs, copy: Callable[[Path], Path]) -> None:
    made = copy(runs.paper)
    with sqlite3.connect(made / "archive.sqlite") as archive:
        archive.execute("UPDATE candidates SET formula = ?", ["(" * 5000 + "yhat" + ")" * 5000])
        archive.execute(
            "INSERT INTO checks (number, passed, report) VALUES (99999, 1, ?)",
            [json.dumps({"formula": "y" * 300_000})],
        )
        archive.execute("UPDATE candidates SET formula = ? WHERE number % 2", ["yhat**" * 900 + "2"])
    archive.close()
    reseal(made)
    text = page(gather(made))
    check_safe(text)
    assert "1 reports of phase II are too long" in text and len(text) < 3_000_000


def test_a_picture_that_fails_is_told(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("in the picture")

    monkeypatch.setattr("symloss.report.pictures._figure", fail)
    monkeypatch.setattr("symloss.report.pictures._standings", fail)
    root = check_safe(page(gather(runs.regression)))
    notes = next(node for node in root.all("section") if node.attributes["id"] == "notes")
    assert "could not be drawn (ZeroDivisionError: in the picture)" in notes.text
    assert len(root.all("figure")) == 1


def test_writing_is_whole_or_not_at_all(
    runs: Runs, copy: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = copy(runs.begun)
    path, facts = write_report(made)
    assert path == made / "report.html" and facts.folder == made
    assert path.read_text(encoding="utf-8") == page(facts)
    assert write_report(made)[0] == path  # in the place of the first

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(RunError, match="No space left"):
        write_report(made)
    assert path.read_bytes() == before
    assert not [one.name for one in made.iterdir() if one.name.startswith(".symloss")]


def test_the_page_is_the_same_each_time(runs: Runs, pages: dict[str, str]) -> None:
    assert page(gather(runs.paper)) == pages["paper"]
