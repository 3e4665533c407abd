"""Contract suites as test classes for pytest: what everything of one sort must do, for packages that add their own."""
