"""Where populations are trained: in this process, or on a cluster."""

from symloss.engine.engine import Engine
from symloss.engine.errors import EngineError
from symloss.engine.local import LocalEngine
from symloss.engine.registry import ENGINES, check_engine, make_engine

__all__ = ["ENGINES", "Engine", "EngineError", "LocalEngine", "check_engine", "make_engine"]
