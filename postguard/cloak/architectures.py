"""Tells from a weights file's header which network it holds; needs no torch and reads no weights.

The networks are the tiny autoencoders of github.com/madebyollin/taesd (MIT) and our own surrogate
(docs/models.md): one `Sequential`, described here as a tuple of layers, with the tensor names that
follow from the positions in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from postguard.errors import PostguardError
from postguard.language import _
from postguard.model.measures import OWN_ENCODER

Shapes = dict[str, tuple[int, ...]]
SUFFIX = ".safetensors"
SURROGATE = OWN_ENCODER  # its family, too
OWN = Path(__file__).parents[1] / "models" / f"{SURROGATE}.safetensors"
TEACHERS = {"taef2", "taesana"}  # what it copies: where both are, it has nothing to add
HEAD = 32  # its latent channels for each teacher: FLUX.2's first, then Sana's
_MOST_HEADER = 1 << 20  # bytes; ours have about 10 kB
_MOST_CHANNELS = 4096
_RGB = 3
_ENDS = re.compile(r"\d+\.weight")


class UnknownWeights(PostguardError):  # noqa: N818  # named as its kin in errors are
    """The file is no safetensors file, or holds a network that postguard does not know."""


@dataclass(frozen=True, slots=True)
class Conv:
    """Convolution of `size` x `size`, which keeps the picture's size but for the stride."""

    n_in: int
    n_out: int
    stride: int = 1
    bias: bool = True
    size: int = 3

    @property
    def padding(self) -> int:
        return (self.size - 1) // 2


@dataclass(frozen=True, slots=True)
class Block:
    """Three 3x3 convolutions with a shortcut; `pooled` adds a global term before them."""

    n: int
    pooled: bool = False


@dataclass(frozen=True, slots=True)
class Plain:
    """A layer without weights: `relu`, `double` (nearest upsampling) or `soften` (3*tanh(x/3))."""

    name: str


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches that read the same; what the coarser ones give is repeated to the first's size,
    and all is joined along the channels."""

    branches: tuple[tuple[Layer, ...], ...]


Layer = Conv | Block | Plain | Fork


@dataclass(frozen=True, slots=True)
class Architecture:
    """One network. `stride`: input pixels to a latent cell; `encoder`: pixels in, latents out."""

    family: str
    layers: tuple[Layer, ...]
    stride: int
    encoder: bool


def read_shapes(path: Path) -> Shapes:
    """Return the shape of each tensor in a safetensors file, from its header alone.

    Raises:
        UnknownWeights: not a safetensors file, or its header is damaged.
    """
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 0 < size <= _MOST_HEADER:
                raise UnknownWeights(_("{name} is not a safetensors file").format(name=path.name))
            header = json.loads(file.read(size))
        return {k: tuple(v["shape"]) for k, v in header.items() if k != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UnknownWeights(
            _("{name} cannot be read as a safetensors file").format(name=path.name)
        ) from exc


def identify(path: Path) -> Architecture:
    """Return the architecture that fits the file's tensor names and shapes exactly.

    Raises:
        UnknownWeights: none fits; the message names the file.
    """
    shapes = read_shapes(path)
    for make in _FAMILIES:
        if (found := _fitting(make, shapes)) is not None:
            return found
    raise UnknownWeights(
        _("{name} holds a network that postguard does not know").format(name=path.name)
    )


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a folder in name order; a missing folder has none."""
    return sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []


def encoder_name(path: Path) -> str:
    """Return what an encoder's file is called in records and in `models.weights`."""
    return path.stem.removesuffix("_encoder")


def ensemble_of(others: Sequence[str]) -> list[str]:
    """Return the names of the encoders that a cloak is drawn against, of those that are here."""
    names = [name for name in others if name != SURROGATE]
    return names if set(names) >= TEACHERS else [*names, SURROGATE]


def shapes_of(layers: tuple[Layer, ...]) -> Shapes:
    """Return tensor names and shapes of a network, named as `Sequential` names them."""
    return {f"{i}.{k}": v for i, layer in enumerate(layers) for k, v in _tensors(layer).items()}


def _fitting(make: Callable[[int, int], Architecture], shapes: Shapes) -> Architecture | None:
    """Try a family at the width and latent channels that the outermost convolutions show."""
    ends = [shapes[k] for k in sorted(shapes, key=_position) if _ENDS.fullmatch(k)]
    if not ends or any(len(e) != len("OIHW") or max(e) > _MOST_CHANNELS for e in ends):
        return None
    first, last = ends[0], ends[-1]
    width, latent = (last[1], last[0]) if first[1] == _RGB else (first[0], first[1])
    found = make(width, latent)
    return found if shapes_of(found.layers) == shapes else None


def _position(name: str) -> int:
    head = name.partition(".")[0]
    return int(head) if head.isdecimal() else -1


def _tensors(layer: Layer) -> Shapes:
    if isinstance(layer, Plain):
        return {}
    if isinstance(layer, Fork):
        branches = enumerate(layer.branches)
        return {f"branches.{i}.{k}": v for i, b in branches for k, v in shapes_of(b).items()}
    if isinstance(layer, Conv):
        weight: Shapes = {"weight": (layer.n_out, layer.n_in, layer.size, layer.size)}
        return weight | ({"bias": (layer.n_out,)} if layer.bias else {})
    n = layer.n
    found: Shapes = {}
    for i in (0, 2, 4):
        found |= {f"conv.{i}.weight": (n, n, 3, 3), f"conv.{i}.bias": (n,)}
    if layer.pooled:
        found |= {"pool.0.weight": (4 * n, n, 1, 1), "pool.3.weight": (n, 4 * n, 1, 1)}
        found |= {"pool.1.weight": (4 * n,), "pool.1.bias": (4 * n,)}
    return found


def _down(n: int, *, pooled: bool = False) -> tuple[Layer, ...]:
    return (Conv(n, n, stride=2, bias=False), *(Block(n, pooled),) * 3)


def _taesd(n: int, latent: int) -> Architecture:
    """SD 1.x, SDXL (4 latent channels), SD3, FLUX.1 (16)."""
    layers = (Conv(3, n), Block(n), *_down(n), *_down(n), *_down(n), Conv(n, latent))
    return Architecture("taesd", layers, 8, encoder=True)


def _taef2(n: int, latent: int) -> Architecture:
    """FLUX.2."""
    ends = (*_down(n), *_down(n), *_down(n, pooled=True))
    return Architecture("taef2", (Conv(3, n), Block(n), *ends, Conv(n, latent)), 8, encoder=True)


def _taesana(n: int, latent: int) -> Architecture:
    """Sana's DC-AE f32c32."""
    relu, half = Plain("relu"), max(n // 2, 1)
    start = (Conv(3, half, stride=2), relu, Conv(half, n, stride=2), relu, Block(n))
    layers = (*start, *_down(n), *_down(n), *_down(n), Conv(n, latent))
    return Architecture("taesana", layers, 32, encoder=True)


def _taef2_decoder(n: int, latent: int) -> Architecture:
    """FLUX.2, latents to pixels: known so that it is not mistaken for a broken encoder."""
    up = (Plain("double"), Conv(n, n, bias=False))
    start = (Plain("soften"), Conv(latent, n), Plain("relu"))
    middle = (*(Block(n, pooled=True),) * 3, *up, *(Block(n),) * 3, *up, *(Block(n),) * 3, *up)
    return Architecture("taef2", (*start, *middle, Block(n), Conv(n, 3)), 8, encoder=False)


def _surrogate(n: int, _latent: int = 0) -> Architecture:
    """Our own: a trunk that reads a quarter of the size soon, and a head for each teacher."""
    relu = Plain("relu")
    start = (Conv(3, 3 * n // 4, stride=2, size=6), relu, Conv(3 * n // 4, n, stride=2), relu)
    trunk = (*start, Block(n), Block(n), *_down(n))
    halved = (Conv(n, n, stride=2, bias=False), Block(n), Block(n))
    heads = Fork(((Conv(n, HEAD),), (*halved, *halved, Conv(n, HEAD))))
    return Architecture(SURROGATE, (*trunk, heads), 32, encoder=True)


_FAMILIES = (_taesd, _taef2, _taesana, _taef2_decoder, _surrogate)
