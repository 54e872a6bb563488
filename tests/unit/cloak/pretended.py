"""A GPU for machines that have none: the CPU computes, but its memory is kept apart.

What would fail on a real one for want of a copy fails here: an operation whose tensors lie on both
sides. Each copy between the sides is counted, for a GPU that is asked must first be done with all
it has. From outside the device is called `meta`, the one that every build of torch knows.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from postguard.cloak.device import Device

GPU = Device(torch.device("meta"), "pretended GPU", bf16=False)
_COPIES = {"aten::_to_copy", "aten::copy_", "aten::_local_scalar_dense"}


class MixedDevicesError(AssertionError):
    """An operation was given tensors of both sides."""


class Far(Tensor):
    """A tensor in the memory of the pretended GPU; `near` holds its values."""

    near: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, near: Tensor) -> Far:
        far = Tensor._make_wrapper_subclass(
            cls,
            near.size(),
            strides=near.stride(),
            storage_offset=near.storage_offset(),
            dtype=near.dtype,
            device=GPU.torch,
        )
        far.near = near
        return far

    @classmethod
    def __torch_dispatch__(cls, func: object, *_args: object) -> Tensor:
        raise AssertionError(f"{func}: used after its GPU was put away")


class PretendedGpu(TorchDispatchMode):
    """`copies` counts what went `up` to the GPU, came `down` from it, or was `asked` of it as a
    number; `launches` counts all that it was told to compute."""

    def __init__(self) -> None:
        super().__init__()
        self.copies: collections.Counter[str] = collections.Counter()
        self.launches = 0

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        given = dict(kwargs or {})
        tensors = [t for t in tree_flatten((args, given))[0] if isinstance(t, Tensor)]
        far = [t for t in tensors if isinstance(t, Far)]
        name = func._schema.name
        if far and name not in _COPIES:
            _kept_apart(name, tensors)
        ends_far = _is_far(given["device"]) if given.get("device") else bool(far)
        if ends_far and given.get("device"):
            given["device"] = torch.device("cpu")
        made = func(*tree_map(_near, args), **tree_map(_near, given))
        self.launches += ends_far and not func.is_view
        if name in _COPIES:
            self._count(name, tensors, ends_far=ends_far)
        return tree_map(_wrapper(far), made) if ends_far else made

    def _count(self, name: str, tensors: Sequence[Tensor], *, ends_far: bool) -> None:
        if name == "aten::_local_scalar_dense":
            self.copies["asked"] += isinstance(tensors[0], Far)
            return
        source = tensors[-1]
        target_far = isinstance(tensors[0], Far) if name == "aten::copy_" else ends_far
        if target_far != isinstance(source, Far):
            self.copies["up" if target_far else "down"] += 1


def _kept_apart(name: str, tensors: Sequence[Tensor]) -> None:
    """A single number may come along from the CPU, as on a real GPU."""
    near = [tuple(t.shape) for t in tensors if not isinstance(t, Far) and t.dim() > 0]
    if near:
        raise MixedDevicesError(
            f"{name} was given tensors of the CPU {near} beside those of the GPU"
        )


def _is_far(device: object) -> bool:
    return torch.device(device).type == GPU.kind


def _near(value: object) -> object:
    return value.near if isinstance(value, Far) else value


def _wrapper(far: Sequence[Far]) -> Callable[[object], object]:
    """What was changed in place stays the tensor that it was."""

    def wrapped(made: object) -> object:
        if not isinstance(made, Tensor):
            return made
        changed = [each for each in far if each.near is made]
        return changed[0] if changed else Far(made)

    return wrapped


@contextlib.contextmanager
def pretended_gpu() -> Iterator[PretendedGpu]:
    """Put a GPU in for a while. torch fills new tensors below what a mode sees: two ways round."""
    plain = torch.tensor

    def tensor(values: object, device: object = None, **options: object) -> Tensor:
        made = plain(values, **options)
        return made if device is None else made.to(device)

    def new_tensor(like: Tensor, values: object) -> Tensor:
        return plain(values, dtype=like.dtype).to(like.device)

    with pytest.MonkeyPatch.context() as patch, PretendedGpu() as gpu:
        patch.setattr(torch, "tensor", tensor)
        patch.setattr(Tensor, "new_tensor", new_tensor)
        _forget()
        torch.__future__.set_swap_module_params_on_conversion(True)
        try:
            yield gpu
        finally:
            torch.__future__.set_swap_module_params_on_conversion(False)
            _forget()


def _forget() -> None:
    """Forget what the cloak has kept on a device of that name."""
    modules = [each for name, each in sys.modules.items() if name.startswith("postguard.cloak")]
    for kept in (value for each in modules for value in vars(each).values()):
        if isinstance(kept, functools._lru_cache_wrapper):
            kept.cache_clear()
