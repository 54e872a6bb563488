"""Chooses what the child computes on, and how, and knows when that is full."""

from __future__ import annotations

from dataclasses import dataclass

import torch

CPU = torch.device("cpu")

# As torch's allocator, oneDNN and the C++ library say it; doing it again in less harms nothing.
_NO_ROOM = (
    "allocate memory",
    "out of memory",
    "STATUS_ALLOC_FAILED",
    "could not create a primitive",
    "could not create a memory",
    "bad_alloc",
)


@dataclass(frozen=True, slots=True)
class Device:
    """Where tensors live. `bf16`: bfloat16 is faster there than float32."""

    torch: torch.device
    name: str
    bf16: bool

    @property
    def kind(self) -> str:
        return self.torch.type


def best_device() -> Device:
    """Return the first of CUDA (or ROCm), Apple's MPS and the CPU that this machine has."""
    if torch.cuda.is_available():
        torch.backends.cudnn.deterministic = True  # same seed, same device: same bytes
        # Its 10 bits would round away what the cloak adds, in each first layer and in the eye.
        torch.backends.cudnn.allow_tf32 = False
        bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return Device(torch.device("cuda"), torch.cuda.get_device_name(), bf16)
    if torch.backends.mps.is_available():
        return Device(torch.device("mps"), "Apple GPU", bf16=False)
    return cpu()


def cpu() -> Device:
    """Return the CPU; bfloat16 only where it has instructions for it, else it is slower."""
    name = f"CPU, {torch.get_num_threads()} threads"
    return Device(CPU, name, _avx512_bf16())


def out_of_memory(exc: Exception) -> bool:
    """Return whether this is Python's, a GPU's or (a bare RuntimeError) a CPU allocator."""
    bare = isinstance(exc, RuntimeError) and any(words in str(exc) for words in _NO_ROOM)
    return bare or isinstance(exc, (MemoryError, torch.OutOfMemoryError))


def _avx512_bf16() -> bool:
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # from 2.7 on
    return bool(capabilities.get("avx512_bf16", False))
