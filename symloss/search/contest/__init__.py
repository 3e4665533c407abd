"""Phase III: losses compared at equal budgets, and what a difference is worth."""
