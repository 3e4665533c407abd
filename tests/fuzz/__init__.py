"""Fuzzing: texts of every kind, and a reading of formulas that shares nothing with the package."""
