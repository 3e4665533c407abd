"""Search: strategies that propose losses, the proxy test, the three phases, the run folder.

Import from the modules: `search.search` runs all phases, `search.effectiveness`
the last one for given losses; training and torch are only loaded by what needs them.
"""
