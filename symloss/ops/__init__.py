"""The protected operators that losses are built from: one family a file."""

from symloss.ops.bounded import Bounded
from symloss.ops.constants import GUARD_LIMIT, XI
from symloss.ops.opcode import Opcode
from symloss.ops.operator import Operator
from symloss.ops.registry import operator_set, operators

__all__ = ["GUARD_LIMIT", "XI", "Bounded", "Opcode", "Operator", "operator_set", "operators"]
