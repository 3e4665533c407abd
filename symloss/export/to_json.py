"""Target `json`: the loss as data, which `symloss.export.load` reads back."""

from __future__ import annotations

import json

from symloss.export.header import zoo_entry
from symloss.loss import Loss
from symloss.version import __version__

FORMAT = "symloss-loss"
VERSION = 1


def source(loss: Loss) -> str:
    """Return the loss as a JSON document."""
    entry = zoo_entry(loss)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "formula": loss.formula,
        "eps": loss.eps,
        "labels": str(loss.domain.labels),
        "input": str(loss.domain.input),
        **({} if loss.scale == 1 else {"scale": loss.scale}),
        **({"params": dict(loss.params)} if loss.params else {}),
        "name": loss.name,
        "source": None if entry is None else entry.source,
        "made_by": f"symloss {__version__}",
    }
    return json.dumps(document, indent=2) + "\n"
