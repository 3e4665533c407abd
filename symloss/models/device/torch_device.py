"""What an option's device name means to torch, and steps that replay as CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable

import torch

from symloss.errors import OptionError

TORCH_CPU = "torch-cpu"
"""The name that sends a model with a kernel of its own through its torch path on the CPU."""


def torch_device(name: str) -> torch.device:
    """Return the device.

    Raises:
        OptionError: torch does not know or can't use it.
    """
    try:
        device = torch.device("cpu" if name == TORCH_CPU else name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:200]
        raise OptionError(f"device {name!r} can't be used: {reason}; --device cpu always can") from error
    # "cuda" becomes "cuda:0", so that devices can be compared.
    return torch.empty(0, device=device).device


class Replayed:
    """A function without arguments that launches the same kernels on the same memory at each call.

    On CUDA its first call runs it, which warms up what libraries set up lazily;
    the second records a graph; from then on a call is one launch. Elsewhere each
    call runs it.
    """

    def __init__(self, body: Callable[[], None], device: torch.device) -> None:
        """Wrap `body`, which must neither read data on the host nor allocate what outlives it."""
        self._body = body
        self._device = device
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Run once."""
        if self._device.type != "cuda":
            self._body()
            return
        with torch.cuda.device(self._device):
            if self._graph is None and self._calls == 0:
                self._on_side_stream()
            else:
                if self._graph is None:
                    self._graph = torch.cuda.CUDAGraph()
                    # Other threads may use the device meanwhile.
                    with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
                        self._body()
                # Recording does not run.
                self._graph.replay()
        self._calls += 1

    def _on_side_stream(self) -> None:
        """Run where recording would: libraries keep a workspace for each stream."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._body()
        torch.cuda.current_stream().wait_stream(stream)
