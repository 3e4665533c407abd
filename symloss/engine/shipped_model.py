"""A model on its way to another machine: a name of the registry, or the places of its functions; never code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from symloss.errors import OptionError
from symloss.models import registry
from symloss.models.import_path import import_path, imported
from symloss.models.model import Model

_INSTEAD = "put it at the top of a file or module that every machine has and give FILE.py:NAME, or use the local engine"


@dataclass(frozen=True)
class ShippedModel:
    """What another machine makes the model from.

    Attributes:
        name: its name.
        build: where its factory is, see `symloss.models.import_path`; "" for a model of the registry.
        groups: where its function of groups is, "" for none.
        accelerations: as of the model.
        digest: of its file, as the model has it.
        digests: of the files that are named by their paths, by these.
    """

    name: str
    build: str = ""
    groups: str = ""
    accelerations: tuple[str, ...] = ()
    digest: str = ""
    digests: tuple[tuple[str, str], ...] = ()


def shipped(model: Model) -> ShippedModel:
    """Return what another machine makes the model from.

    Raises:
        OptionError: a function of it can't be imported.
    """
    if registry.has(model.name) and registry.get(model.name) == model:
        return ShippedModel(model.name)
    places = []
    for what, function in (("factory", model.build), ("function of groups", model.groups)):
        place = "" if function is None else import_path(function)
        if place is None:
            raise OptionError(
                f"the ray engine can't send the {what} of the model {model.name} to other machines, which could not "
                f"import it; {_INSTEAD}"
            )
        places.append(place)
    files = sorted({place.rpartition(":")[0] for place in places if place.rpartition(":")[0].endswith(".py")})
    digests = tuple((file, _digest(file)) for file in files)
    return ShippedModel(model.name, places[0], places[1], model.accelerations, model.digest, digests)


def received(model: ShippedModel) -> Model:
    """Return the model that `shipped` was given, on this machine.

    Raises:
        OptionError: a function of it can't be imported here, or its file is another one.
    """
    if not model.build:
        return registry.get(model.name)
    for file, digest in model.digests:
        if not Path(file).is_file() or _digest(file) != digest:
            raise OptionError(
                f"{file} of the model {model.name} is missing on a machine of the cluster, or another one there; "
                "put the same file in the same place on every machine, or use the local engine"
            )
    groups = imported(model.groups) if model.groups else None
    return Model(model.name, imported(model.build), groups, model.accelerations, model.digest)


def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
