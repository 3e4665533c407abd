"""Numeric forms of a loss: torch code, programs, and the interpreters that run programs."""
