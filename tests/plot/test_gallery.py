"""The gallery page is what its script writes, and its pictures are there and small."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_gallery() -> None:
    spec = importlib.util.spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = script
    try:
        spec.loader.exec_module(script)
        assert (DOCS / "gallery.md").read_text(encoding="utf-8") == script.page()
        pictures = {f"gallery_{picture.name}.png" for picture in script.PICTURES}
        assert pictures == {path.name for path in (DOCS / "pictures").glob("gallery_*")}
        assert all((DOCS / "pictures" / name).stat().st_size < 150_000 for name in pictures)
    finally:
        del sys.modules[spec.name]
