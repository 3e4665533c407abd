"""A strict reader of HTML: elements in order, and an error where one is not closed or stands where it must not."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "link", "input"}
PHRASING_ONLY = {"p", "h1", "h2", "h3", "span", "code", "pre", "strong", "a", "dt", "title"}
BLOCKS = {
    "p",
    "div",
    "section",
    "table",
    "ul",
    "dl",
    "figure",
    "h1",
    "h2",
    "h3",
    "pre",
    "header",
    "main",
    "nav",
    "footer",
}


@dataclass
class Node:
    name: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[Node]:
        found = [self] if self.name == name else []
        return found + [node for child in self.children for node in child.all(name)]

    @property
    def text(self) -> str:
        return " ".join([*self.texts, *(child.text for child in self.children)])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root", {})
        self.open = [self.root]
        self.errors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, attrs)
        if tag in VOID:
            self.open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not any(node.name == "svg" for node in self.open):
            self.errors.append(f"<{tag}/> outside of SVG")
        self._begin(tag, attrs)
        self.open.pop()

    def _begin(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.errors.append(f"<{tag}> repeats an attribute")
        node = Node(tag, {name: value or "" for name, value in attrs})
        if tag in BLOCKS and any(parent.name in PHRASING_ONLY for parent in self.open):
            self.errors.append(f"<{tag}> inside of <{self.open[-1].name}>")
        self.open[-1].children.append(node)
        self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].name != tag:
            self.errors.append(f"</{tag}> closes <{self.open[-1].name}>")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.open[-1].texts.append(data.strip())


def read_html(text: str) -> Node:
    """Return the tree of a document; every element has to be closed."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    unclosed = [node.name for node in reader.open[1:]]
    assert not reader.errors and not unclosed, (reader.errors[:5], unclosed)
    return reader.root
