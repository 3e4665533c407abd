"""The pages are whole: sentences end, and the commands of the README need nothing that a newcomer lacks."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import click
import pytest

from symloss.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ENDS = (".", ":", "?", "!", ".)", ".*", ".**", ".`", '."', ";", "-->")


def cut_sentences(text: str) -> list[str]:
    """Return the ends of paragraphs that end in the middle of a sentence; one may go on in a list or a table."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    parts = [part.strip() for part in re.split(r"\n\s*\n", plain) if part.strip()]
    return [
        part[-80:]
        for part, following in zip(parts, [*parts[1:], ""], strict=True)
        if not re.match(r"[#|!<>]|- |\* |\d+\. |\[!", part)
        and not part.endswith(ENDS)
        and not re.match(r"[|]|- |\* |\d+\. ", following)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_paragraph_ends(page: Path) -> None:
    assert cut_sentences(page.read_text(encoding="utf-8")) == []


def test_a_cut_sentence_is_found() -> None:
    page = "# Title\n\nA whole one.\n\nWilcoxon can't go below it, whatever the \n\n| a |\n\n```\ncode\n```\n"
    assert cut_sentences(page.replace("| a |", "## Next")) == ["Wilcoxon can't go below it, whatever the"]
    assert cut_sentences(page) == []


def commands(text: str) -> list[list[str]]:
    """Return the calls of symloss in the console blocks of a page, as words without the name of the program."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, flags=re.S | re.M)
    lines = re.findall(r"^\$ symloss (.*(?:\\\n.*)*)", "\n".join(blocks), flags=re.M)
    found = [shlex.split(line.replace("\\\n", " "), comments=True) for line in lines]
    # what stands behind a pipe or a redirection is the shell's
    return [
        list(itertools.takewhile(lambda word: word not in ("|", ">", "&&", "<"), words)) for words in found
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_read(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("options.toml").write_text("seed = 1\n")
    for words in commands(page.read_text(encoding="utf-8")):
        command = main.get_command(click.Context(main), words[0])
        assert command is not None, words
        with command.make_context(words[0], list(words[1:])):
            pass


def test_a_newcomer_has_all_that_the_readme_needs() -> None:
    found = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(found) >= 6
    own = {"--data-dir", "--file", "--config", "--run", "--resume"}
    assert [words for words in found if own & set(words)] == []
