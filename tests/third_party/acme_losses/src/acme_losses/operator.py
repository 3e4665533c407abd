"""log(cosh(a)): a parabola near 0 and |a| far from it."""

from __future__ import annotations

import math
from typing import Any

from symloss.ops import Operator


class LogCosh(Operator):
    """Written so that no exponential overflows."""

    name = "acme-logcosh"
    arity = 1
    text = "acme_logcosh(a)"
    definition = "log(cosh(a))"

    def rule(self, o: Any, a: Any, b: Any) -> Any:
        """Return |a| + log(1 + exp(-2 |a|)) - log 2."""
        size = o.absolute(a)
        tail = o.log(o.add(o.number(1), o.exp(o.multiply(o.number(-2), size))))
        return o.subtract(o.add(size, tail), o.number(math.log(2)))
