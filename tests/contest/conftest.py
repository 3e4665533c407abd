"""The small data set of the tests of the search."""

from tests.search.conftest import tiny

__all__ = ["tiny"]
