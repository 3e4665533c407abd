"""What metrics of labels 0 and 1 ask of a part."""

from __future__ import annotations

import numpy as np

from symloss.tasks.part import Part


def refuse_other_labels(title: str, part: Part) -> str | None:
    """Return why a metric that needs labels 0 and 1 is undefined on these rows; None where both are there."""
    found = set(np.unique(part.labels).tolist())
    if found == {0.0, 1.0}:
        return None
    shown = ", ".join(f"{label:g}" for label in sorted(found)[:5]) + (", ..." if len(found) > 5 else "")
    there = (
        f"there are {shown}" if len(found) > 1 else f"all labels are {shown}" if found else "there are none"
    )
    return f"{title} needs labels 0 and 1, both, and {there}; use the metric 'rmse' or another split"
