"""What a search leaves on disk: one SQLite file with every candidate and the state to go on from."""

from symloss.search.archive.archive import Archive

__all__ = ["Archive"]
