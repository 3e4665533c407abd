"""How many members fit into memory at once, and what would fit where not even one does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from symloss.errors import OptionError
from symloss.models.memory_need import MemoryNeed
from symloss.models.trainer import Trainer
from symloss.training.member import Member
from symloss.training.settings import TrainingSettings

SHARE = 0.85
"""Of the free memory that is planned with; allocators and others need the rest."""

HOST = ("cpu", "torch-cpu")
"""Names of devices that are the host."""

_PROC = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def free_memory(device: str = "cpu") -> int:
    """Return the free bytes of a device: "cpu" and "torch-cpu" are the host, others are torch's names.

    On the host, what the system calls available, or what the control group leaves where that is less.
    """
    if device in HOST:
        return _host_memory()
    import torch

    from symloss.models.device.torch_device import torch_device

    found = torch_device(device)
    if found.type != "cuda":
        # Other accelerators share the host's memory, or don't tell.
        return _host_memory()
    free, _ = torch.cuda.mem_get_info(found)
    # What torch has reserved and does not use is free for the next tensors.
    return int(free + torch.cuda.memory_reserved(found) - torch.cuda.memory_allocated(found))


def _host_memory() -> int:
    found = [_available(), _left_by_group()]
    known = [size for size in found if size is not None]
    if known:
        return min(known)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        # Nothing is known of this system; then nothing is limited.
        return 2**62


def _available() -> int | None:
    try:
        for line in _PROC.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return None


def _left_by_group() -> int | None:
    try:
        limit = (_GROUP / "memory.max").read_text().strip()
        if limit == "max":
            return None
        return max(0, int(limit) - int((_GROUP / "memory.current").read_text()))
    except (OSError, ValueError):
        return None


def population_limit(
    trainer: Trainer,
    members: Sequence[Member],
    settings: TrainingSettings,
    orders: int = 1,
) -> int:
    """Return how many members one group may have.

    Args:
        trainer: says what training takes.
        members: at least one.
        settings: the trainer's; its device has the memory; on the host, its threads share it.
        orders: how many different orders of rows the members have.

    Raises:
        OptionError: not one member fits.
    """
    longest = max(len(member.program.opcodes) for member in members)
    need = trainer.memory(longest)
    where = "the host's memory" if settings.device in HOST else settings.device
    fit = plan_population(len(members), need, free_memory(settings.device), where, orders)
    return max(1, fit // settings.n_threads) if settings.device in HOST and fit < len(members) else fit


def member_bytes(need: MemoryNeed, orders_differ: bool) -> int:
    """Return what each member takes; its own order of rows counts where orders differ."""
    own = need.rows * need.by_row if orders_differ else 0
    return need.by_member + need.entities * need.by_entity + need.batch_size * need.by_batch_row + own


def plan_population(members: int, need: MemoryNeed, free: int, where: str, orders: int = 1) -> int:
    """Return how many of `members` to train side by side.

    Args:
        members: how many there are, >= 1.
        need: of the model on the data.
        free: bytes.
        where: what the memory is called in the error ("cuda:0").
        orders: how many different orders of rows the members have, 1 to members.

    Returns:
        From 1 to members.

    Raises:
        OptionError: not one member fits; the message says what would.
    """
    budget = int(SHARE * free)
    own_order = orders > 1
    shared = need.shared + (0 if own_order else need.rows * need.by_row)
    each = member_bytes(need, own_order)
    fit = (budget - shared) // max(1, each)
    if fit >= 1:
        return min(members, fit)
    raise OptionError(_does_not_fit(need, budget, free, where))


def _does_not_fit(need: MemoryNeed, budget: int, free: int, where: str) -> str:
    parts = {
        "parameters": need.entities * need.by_entity,
        "a step": need.batch_size * need.by_batch_row,
        "the rows": need.rows * need.by_row,
        "the data": 0 if need.entities else need.shared,
        # of a module nothing says what would make it smaller: it is named as it is
        "the rest" if need.entities else "the model": need.by_member + (need.shared if need.entities else 0),
    }
    total = sum(parts.values())
    shown = ", ".join(f"{name} {_size(size)}" for name, size in parts.items() if size)
    left = {name: budget - (total - size) for name, size in parts.items()}
    would = [
        f"{count:,} {what} instead of {now:,}"
        for name, each, now, what in (
            ("parameters", need.by_entity, need.entities, "users and items"),
            ("a step", need.by_batch_row, need.batch_size, "rows a batch"),
            ("the rows", need.by_row, need.rows, "training rows"),
        )
        if now and (count := left[name] // max(1, each)) >= 1
    ]
    needed = _size(int(total / SHARE))
    ways = " or ".join(would) if would else f"a device with at least {needed} free"
    return (
        f"one member needs {_size(total)} ({shown}); {where} has {_size(free)} free, of which "
        f"{_size(budget)} can be used; what would fit: {ways}"
    )


def _size(count: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{max(0, count)} bytes"
