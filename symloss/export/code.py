"""What all code targets share: the parts of a loss as functions of one framework."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from symloss.constants import LARGEST_EPS
from symloss.export.finite import Finiteness
from symloss.export.frameworks import HELPERS, Framework
from symloss.export.jets import Jet, jet
from symloss.export.node import Node, multiply, number
from symloss.export.writer import Writer, number_text
from symloss.loss import Loss
from symloss.signature import DEFAULT_EPS, Input

_LONG_SIGNATURE = re.compile(r"^(?=.{89})( *)(def \w+)\((.*)\):$", re.MULTILINE)


@dataclass
class Code:
    """Writes functions for one loss and one framework, and collects the helpers that they call."""

    loss: Loss
    framework: Framework

    def __post_init__(self) -> None:
        """Start without helpers."""
        self.helpers: set[str] = set()

    @property
    def lowest_eps(self) -> float:
        """The smallest eps that the code takes."""
        return min(DEFAULT_EPS, self.loss.eps_value)

    @cached_property
    def jet(self) -> Jet:
        """The loss, scale included, and its derivatives."""
        plain = jet(self.loss.program(), Finiteness(self.loss.domain, self.lowest_eps))
        if self.loss.scale == 1:
            return plain
        scale = number(self.loss.scale)
        return Jet(*(multiply(scale, part) for part in (plain.value, plain.slope, plain.curvature)))

    @property
    def is_probability(self) -> bool:
        """Whether yhat is a probability."""
        return self.loss.domain.input is Input.PROBABILITY

    @property
    def eps_parameter(self) -> str:
        """The parameter eps with its default, as the end of a list of parameters; "" where there is none."""
        return f", eps={number_text(self.loss.eps_value)}" if self.loss.has_eps else ""

    @property
    def eps_argument(self) -> str:
        """The argument eps, as the end of a list of arguments."""
        return ", eps" if self.loss.has_eps else ""

    def function(
        self,
        signature: str,
        says: str,
        results: Sequence[Node],
        prelude: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> str:
        """Return a function of yhat, y and eps that returns the given nodes, each in the shape of yhat.

        Args:
            signature: name and parameters.
            says: its docstring.
            results: one node a result.
            prelude: statements before the first.
            names: what to call the results, where there are several.
        """
        writer = Writer(self.framework, taken=("yhat", "y", "eps", *names))
        texts = [self._shaped(node, text) for node, text in zip(results, writer.write(results), strict=True)]
        self.helpers |= writer.helpers
        named = [f"{name} = {text}" for name, text in zip(names, texts, strict=False) if name != text]
        body = [f'"""{says}"""', *prelude, *writer.statements, *named, f"return {', '.join(names or texts)}"]
        return f"def {signature}:\n" + textwrap.indent("\n".join(body), "    ")

    def _shaped(self, node: Node, text: str) -> str:
        """Return a result that does not depend on arrays as an array."""
        if node.is_number:
            return f"{self.framework.module}.full_like(yhat, {text})"
        return text if depends(node) else f"{self.framework.module}.zeros_like(yhat) + {text}"

    def helper_functions(self) -> list[str]:
        """Return the helpers that the functions so far call, in a fixed order."""
        return [self.framework.helper_text(name) for name in HELPERS if name in self.helpers]

    def check_eps(self) -> str:
        """Return a statement that refuses an eps out of range."""
        lowest, largest = number_text(self.lowest_eps), number_text(LARGEST_EPS)
        return (
            f"if not {lowest} <= eps <= {largest}:\n"
            f'    raise ValueError(f"eps is {{eps}}; it must be in [{lowest}, {largest}]")'
        )


def depends(root: Node) -> bool:
    """Return whether yhat or y occurs below a node."""
    waiting, seen = [root], {root}
    while waiting:
        node = waiting.pop()
        if node.operation in ("yhat", "y"):
            return True
        fresh = [part for part in node.arguments if part not in seen]
        seen.update(fresh)
        waiting += fresh
    return False


def module(parts: Sequence[str]) -> str:
    """Join the top-level parts of a module: two empty lines between them, one newline at the end."""
    text = "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"
    return _LONG_SIGNATURE.sub(r"\1\2(\n\1    \3\n\1):", text)
