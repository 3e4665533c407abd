"""Contract suites: what a trainer of one's own has to hold, as test classes for pytest."""
