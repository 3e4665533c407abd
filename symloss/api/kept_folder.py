"""A folder that lives as long as a result needs it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class KeptFolder:
    """A temporary folder that is deleted when nobody holds on to this object, or at the end of the process.

    Attributes:
        path: of the folder.
    """

    def __init__(self) -> None:
        """Make it."""
        self.path = Path(tempfile.mkdtemp(prefix="symloss-"))
        weakref.finalize(self, shutil.rmtree, str(self.path), ignore_errors=True)
