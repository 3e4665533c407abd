"""Contract suites: what everything of one sort must do, for packages that add their own. They run under pytest."""
