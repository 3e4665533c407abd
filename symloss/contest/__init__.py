"""Losses compared at equal budgets, and what a difference is worth; for a search and for `evaluate`."""
