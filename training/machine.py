"""What of the machine a training uses: how many devices, and the precision that pays on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from ..errors import UsageError
from .launch import launched

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")


def on_devices(config: C) -> C:
    """Return settings whose `devices` are the processes there are: those of a launch, else those to be started.

    Raises UsageError where more GPUs are asked for than there are, or another number than was launched.
    """
    launch, devices = launched(), getattr(config, "devices", 1)
    here = launch.local_world if launch else devices
    if torch.cuda.is_available() and here > torch.cuda.device_count():
        raise UsageError(f"devices is {here}; this machine has {torch.cuda.device_count()}")
    if launch is None:
        return config
    if devices not in (1, launch.world):
        raise UsageError(f"devices is {devices}, and {launch.world} processes were started; leave devices out")
    changed: Any = {"devices": launch.world}
    return replace(config, **changed)


def check_alone(objective: str) -> None:
    """Raise UsageError in one of several processes: this objective is trained by one."""
    if launched():
        raise UsageError(f"a training of {objective!r} runs in one process; start it by itself, not by torchrun")


def machine_flags(devices: int, precision: str, accumulate: int) -> dict[str, Any]:
    """Return what Lightning's Trainer is told of the machine, and in one of several processes of the others.

    Batch statistics are those of the batch of all processes.
    """
    launch = launched() if devices > 1 else None
    flags: dict[str, Any] = {"devices": devices, "precision": precision, "accumulate_grad_batches": accumulate}
    if launch:
        from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

        from .norms import SharedNorms

        on_gpus = torch.cuda.is_available()
        flags |= {"devices": launch.local_world, "num_nodes": launch.machines, "sync_batchnorm": on_gpus}
        flags |= {"strategy": "ddp", "use_distributed_sampler": False}
        flags["plugins"] = [TorchElasticEnvironment(), *([] if on_gpus else [SharedNorms()])]
    return flags


def machine_precision() -> str:
    """Return bf16-mixed where the GPU, or without one the CPU, computes in it, else 32-true."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    return "bf16-mixed" if torch.cpu.get_capabilities().get("avx512_bf16") else "32-true"
