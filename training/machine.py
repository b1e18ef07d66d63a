"""What of the machine a training uses: how many devices, and the precision that pays on them."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import UsageError


def check_devices(devices: int) -> None:
    """Raise UsageError where more GPUs are asked for than there are."""
    if torch.cuda.is_available() and devices > torch.cuda.device_count():
        raise UsageError(f"devices is {devices}; this machine has {torch.cuda.device_count()}")


def machine_flags(devices: int, precision: str, accumulate: int) -> dict[str, Any]:
    """Return what Lightning's Trainer is told of the machine."""
    flags: dict[str, Any] = {"devices": devices, "precision": precision, "accumulate_grad_batches": accumulate}
    if devices > 1:
        norms = torch.cuda.is_available()  # PyTorch shares batch statistics between GPUs only
        flags |= {"strategy": "ddp", "use_distributed_sampler": False, "sync_batchnorm": norms}
    return flags


def machine_precision() -> str:
    """Return bf16-mixed where the GPU, or without one the CPU, computes in it, else 32-true."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    return "bf16-mixed" if torch.cpu.get_capabilities().get("avx512_bf16") else "32-true"
