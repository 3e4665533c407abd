"""Losses as torch code: one criterion, or a whole population of programs."""
