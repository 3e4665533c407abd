"""Where a function has which sign, proved."""
