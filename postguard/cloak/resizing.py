"""Tensors at another size, antialiased bicubic, with the gradient of it written out.

As products with banded matrices, as `imaging.resampling` has them: torch's own gradient takes five
times as long on a CPU, and on a GPU adds up in any order, so that the same seed gave other bytes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from postguard.imaging.resampling import CUBIC, Span, runs

_RUN = 64  # outputs of one product on a CPU; a GPU does all in one


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """float32 (B,C,H,W) -> (B,C,*size), clamped to [0,1]; the same size is kept."""
    if x.shape[-2:] == size:
        return x
    return unclamped(x, size).clamp(0, 1)


def unclamped(x: Tensor, size: tuple[int, int]) -> Tensor:
    """float32 (B,C,H,W) -> (B,C,*size), of any values."""
    found: Tensor = _Resized.apply(x, size)  # type: ignore[no-untyped-call]  # so in its stubs
    return found


@dataclass(frozen=True, slots=True)
class _Run:
    """As `imaging.resampling` has it, with `shares` as (outputs,inputs)."""

    outputs: slice
    inputs: slice
    shares: Tensor


class _Resized(Function):
    """Along the rows first: there is less to do for the columns then."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: tuple[int, int]) -> Tensor:  # noqa: ANN401  # torch's
        ctx.old = x.shape[-2:]
        wide = x.new_empty((*x.shape[:-1], size[1]))
        for run in _runs(x.shape[-1], size[1], x.device):
            wide[..., run.outputs] = x[..., run.inputs] @ run.shares.T
        made = x.new_empty((*x.shape[:-2], *size))
        for run in _runs(x.shape[-2], size[0], x.device):
            made[..., run.outputs, :] = run.shares @ wide[..., run.inputs, :]
        return made

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        height, width = ctx.old
        tall = slope.new_zeros((*slope.shape[:-2], height, slope.shape[-1]))
        for run in _runs(height, slope.shape[-2], slope.device):
            tall[..., run.inputs, :] += run.shares.T @ slope[..., run.outputs, :]
        found = slope.new_zeros((*slope.shape[:-2], height, width))
        for run in _runs(width, slope.shape[-1], slope.device):
            found[..., run.inputs] += tall[..., run.outputs] @ run.shares
        return found, None


@functools.lru_cache(maxsize=16)  # what is brought to a GPU anew waits for all it still does
def _runs(length: int, count: int, device: torch.device) -> list[_Run]:
    found = runs(Span(length, 0.0, length / count, count), CUBIC, _RUN)
    many = [_Run(r.outputs, r.inputs, torch.from_numpy(r.matrix.T)) for r in found]
    return many if device.type == "cpu" else [_joined(many, length, count, device)]


def _joined(many: list[_Run], length: int, count: int, device: torch.device) -> _Run:
    shares = torch.zeros(count, length)
    for run in many:
        shares[run.outputs, run.inputs] = run.shares
    return _Run(slice(count), slice(length), shares.to(device))
