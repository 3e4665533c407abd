"""The state of a model as plain data, for the archive, and back.

A state is a model's own; the archive needs arrays, numbers and lists of them,
and reads them back without running code from a file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symloss.models.adam import Moments

Packed = dict[str, Any]


def pack_state(state: Any) -> Packed:
    """Return the parameters of a state, and what its optimiser remembers, as copies on the host."""
    if hasattr(state, "population"):
        return _pack_device(state)
    packed: Packed = {"moments": _pack_moments(state.moments)}
    if hasattr(state, "tensors"):
        return {**packed, "kind": "mlp", "parameters": _arrays(state.tensors()), "n_users": state.n_users}
    return {**packed, "kind": "mf", "parameters": _arrays(state.arrays())}


def unpack_state(packed: Packed, template: Any) -> Any:
    """Return the state that `pack_state` was given.

    Args:
        packed: what it returned.
        template: a state of the same model on the same device, such as its initial state.
    """
    if packed["kind"] == "device":
        return _unpack_device(packed, template)
    arrays, remembered = packed["parameters"], packed["moments"]
    moments = Moments(remembered["steps"], remembered["first"], remembered["second"])
    if packed["kind"] == "mf":
        from symloss.models.mf.trainer import MFState

        users, items, user_bias, item_bias, global_bias = arrays
        return MFState(users, items, user_bias, item_bias, global_bias, moments)
    import torch

    from symloss.models.mlp.state import MLPState

    return MLPState.of([torch.from_numpy(array) for array in arrays], packed["n_users"], moments)


def _pack_device(state: Any) -> Packed:
    """Pack a member of a population on a device."""
    population = state.alone()
    return {
        "kind": "device",
        "parameters": _arrays(population.trained),
        "statistics": _arrays(population.statistics),
        "moments": None if population.moments is None else _pack_moments(population.moments),
    }


def _unpack_device(packed: Packed, template: Any) -> Any:
    import torch

    from symloss.models.device import adam as torch_adam
    from symloss.models.device.population import Population, TorchState

    device = template.population.device

    def tensors(arrays: list[Any]) -> tuple[torch.Tensor, ...]:
        return tuple(torch.from_numpy(array).to(device) for array in arrays)

    moments = None
    if packed["moments"] is not None:
        one = packed["moments"]
        steps = torch.from_numpy(one["steps"]).to(device)
        moments = torch_adam.Moments(steps, tensors(one["first"]), tensors(one["second"]))
    trained, statistics = tensors(packed["parameters"]), tensors(packed["statistics"])
    return TorchState(Population(trained, template.population.n_users, statistics, moments), 0)


def _pack_moments(moments: Any) -> Packed:
    steps = moments.steps if isinstance(moments.steps, int) else _array(moments.steps)
    return {"steps": steps, "first": _arrays(moments.first), "second": _arrays(moments.second)}


def _arrays(parameters: Any) -> list[Any]:
    return [_array(parameter) for parameter in parameters]


def _array(parameter: Any) -> Any:
    """Return a copy on the host of an array or a tensor."""
    if isinstance(parameter, np.ndarray):
        return parameter.copy()
    return parameter.detach().cpu().numpy().copy()
