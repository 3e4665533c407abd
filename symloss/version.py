"""The version, as exports and run folders print it."""

__version__ = "0.1.0"
