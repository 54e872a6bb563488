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

from postguard.imaging.resampling import CUBIC, Span, part, runs

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


class Grown:
    """`x` (B,C,h,w) at `size`, made a few rows at a time: the whole of it may be a gigabyte."""

    def __init__(self, x: Tensor, size: tuple[int, int]) -> None:
        self._height = size[0]
        self._wide = x if x.shape[-1] == size[1] else _across(x, _whole(x.shape[-1], size[1]))

    def rows(self, wanted: slice) -> Tensor:
        """Return (B,C,rows,W): these rows."""
        if self._wide.shape[-2] == self._height:
            return self._wide[..., wanted, :]
        taken, span = part(self._wide.shape[-2], self._height, wanted, CUBIC)
        return _down(self._wide[..., taken, :], span)


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
        wide = _across(x, _whole(x.shape[-1], size[1]))
        return _down(wide, _whole(x.shape[-2], size[0]))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        height, width = ctx.old
        tall = slope.new_zeros((*slope.shape[:-2], height, slope.shape[-1]))
        for run in _runs(_whole(height, slope.shape[-2]), slope.device):
            tall[..., run.inputs, :] += run.shares.T @ slope[..., run.outputs, :]
        found = slope.new_zeros((*slope.shape[:-2], height, width))
        for run in _runs(_whole(width, slope.shape[-1]), slope.device):
            found[..., run.inputs] += tall[..., run.outputs] @ run.shares
        return found, None


def _across(x: Tensor, span: Span) -> Tensor:
    made = x.new_empty((*x.shape[:-1], span.count))
    for run in _runs(span, x.device):
        made[..., run.outputs] = x[..., run.inputs] @ run.shares.T
    return made


def _down(x: Tensor, span: Span) -> Tensor:
    made = x.new_empty((*x.shape[:-2], span.count, x.shape[-1]))
    for run in _runs(span, x.device):
        made[..., run.outputs, :] = run.shares @ x[..., run.inputs, :]
    return made


def _whole(length: int, count: int) -> Span:
    return Span(length, 0.0, length / count, count)


@functools.lru_cache(maxsize=16)  # what is brought to a GPU anew waits for all it still does
def _runs(span: Span, device: torch.device) -> list[_Run]:
    found = runs(span, CUBIC, _RUN)
    many = [_Run(r.outputs, r.inputs, torch.from_numpy(r.matrix.T)) for r in found]
    return many if device.type == "cpu" else [_joined(many, span, device)]


def _joined(many: list[_Run], span: Span, device: torch.device) -> _Run:
    shares = torch.zeros(span.count, span.length)
    for run in many:
        shares[run.outputs, run.inputs] = run.shares
    return _Run(slice(span.count), slice(span.length), shares.to(device))
