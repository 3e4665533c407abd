"""Which losses have the same gradient, up to a factor."""
