"""Where populations are trained: in this process, or on a cluster."""

from symloss.engine.engine import Engine
from symloss.engine.local import LocalEngine

__all__ = ["Engine", "LocalEngine"]
