"""Batches of arrays as they might also have been: moved, turned, mirrored, brighter, partly hidden.

Plain tensor code on the device where the rows lie, a batch at a time. What is drawn comes from the
epoch's generator, or from torch's own that is seeded with it, so that an epoch is drawn anew alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from automl.core.hyperparameter import Params

_IMAGE = 4
"""Axes of a batch of images."""
_COLOURS = 3
_COLOURED = (3, 4)
"""Channels of images with colours, and with how transparent a place is."""

_LOOKED = 1 << 23
"""Numbers that say enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What a candidate does to its training rows; as it stands here, nothing.

    Shares are of an axis or of a channel's standard deviation.
    """

    flip: bool = False
    """Left and right exchanged in every second row."""
    turn: bool = False
    """Mirrored along any axis, and axes of one length exchanged: turned by right angles."""
    shift: float = 0.0
    """Along every axis by up to that share of it; what comes in is the edge, mirrored."""
    rotation: float = 0.0
    """Turned in the plane of the last two axes, by up to so many degrees."""
    zoom: float = 0.0
    """Larger or smaller by up to that share."""
    jitter: float = 0.0
    """Brighter or darker, and of more or less contrast."""
    colour: float = 0.0
    """Of stronger or paler colours, and with more or less of each (images with colours)."""
    noise: float = 0.0
    cutout: float = 0.0
    """A box whose sides are that share of the axes is hidden."""
    warp: float = 0.0
    """Time runs faster and slower by up to that share (series)."""
    mixing: str = "none"
    """Rows are mixed with others: their numbers (``mixup``) or a box of them (``cutmix``)."""

    @classmethod
    def read(cls, params: Params) -> Self | None:
        """Return what ``params`` say, None if that is nothing; what is absent does nothing."""
        numbers = ("shift", "rotation", "zoom", "jitter", "colour", "noise", "cutout", "warp")
        found = cls(
            flip=bool(params.get("flip", False)),
            turn=bool(params.get("turn", False)),
            mixing=str(params.get("mixing", "none")),
            **{name: float(params.get(name, 0.0)) for name in numbers},
        )
        return None if found == cls() else found


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """Mean and deviation of each channel of the training rows: ``(1, channels, …)``."""

    mean: Tensor
    deviation: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Rows of which each is ``share`` itself and for the rest that ``other`` row of the batch."""

    x: Tensor
    share: float = 1.0
    other: Tensor | None = None


def sizes(x: Tensor) -> Sizes:
    """Return the sizes of the numbers of training rows; 1,000 say enough, of large ones fewer."""
    enough = max(16, min(1000, _LOOKED // max(1, math.prod(x.shape[1:]))))
    some = x[:: max(1, len(x) // enough)].double()
    axes = [0, *range(2, x.ndim)]
    mean = torch.nan_to_num(some.nanmean(axes, keepdim=True))
    deviation = torch.nan_to_num((some - mean).square().nanmean(axes, keepdim=True)).sqrt()
    return Sizes(mean.float(), deviation.float())


def augment(x: Tensor, how: Augmentation, size: Sizes, generator: torch.Generator) -> Mixed:
    """Return a batch ``(rows, channels, …)`` as ``how`` says; what is not changed keeps its type.

    ``generator`` is on the CPU.
    """
    x = _placed(x, how, generator)
    if how.turn:
        x = _exchanged(x, generator)
    if how.warp:
        x = _warped(x.float(), how.warp, generator)
    if how.jitter:
        x = _jittered(x.float(), how.jitter, size, generator)
    if how.colour and x.ndim == _IMAGE and x.shape[1] in _COLOURED:
        x = _coloured(x.float(), how.colour, size, generator)
    if how.noise:
        x = x + how.noise * size.deviation * torch.randn(x.shape, device=x.device)
    if how.cutout:
        hidden = _boxes(x, [how.cutout] * (x.ndim - 2), _uniform(x, x.ndim - 2, generator))
        x = torch.where(hidden, size.mean.to(x.dtype), x)
    return _mixed(x, how.mixing, generator)


def _placed(x: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Return the rows moved, mirrored, turned and sized."""
    if not (how.flip or how.turn or how.shift or how.rotation or how.zoom):
        return x
    axes = x.ndim - 2
    moves = 2.0 * _uniform(x, axes, generator) - 1.0
    mirrored = None
    if how.flip or how.turn:
        mirrored = _uniform(x, axes, generator) < 0.5
        if not how.turn:
            mirrored[:, :-1] = False
    if not (how.rotation or how.zoom):
        return _moved(x, how.shift * moves, mirrored)
    turns = 2.0 * _uniform(x, 2, generator) - 1.0
    angle = math.radians(how.rotation) * turns[:, 0]
    return _turned(x.float(), how.shift * moves, mirrored, angle, 1.0 + how.zoom * turns[:, 1])


def _moved(x: Tensor, moves: Tensor, mirrored: Tensor | None) -> Tensor:
    """Return rows moved by shares of their axes, to whole places, and mirrored along some.

    ``moves`` and ``mirrored`` are ``(rows, axes)``.
    """
    rows, _, *space = x.shape
    axes = len(space)
    places = []
    for axis, length in enumerate(space):
        place = torch.arange(length, device=x.device) + (moves[:, axis, None] * length).round()
        last = max(1, length - 1)
        place = (last - (last - place.abs()).abs()).clamp_(0, length - 1)  # mirrored at the edges
        if mirrored is not None:
            place = torch.where(mirrored[:, axis, None], length - 1 - place, place)
        shape = [rows, *(length if other == axis else 1 for other in range(axes))]
        places.append(place.long().view(shape))
    first = torch.arange(rows, device=x.device).view(rows, *[1] * axes)
    return x.movedim(1, -1)[(first, *places)].movedim(-1, 1)


def _turned(
    x: Tensor, moves: Tensor, mirrored: Tensor | None, angle: Tensor, zoom: Tensor
) -> Tensor:
    """Return images or volumes moved, turned in the plane of their last axes, sized, mirrored."""
    axes = x.ndim - 2
    matrix = torch.zeros(len(x), axes, axes + 1, device=x.device)
    matrix[:, range(axes), range(axes)] = zoom[:, None]
    height, width = x.shape[-2:]
    matrix[:, 0, 0] = angle.cos() * zoom
    matrix[:, 1, 1] = angle.cos() * zoom
    matrix[:, 0, 1] = -angle.sin() * zoom * (height / width)
    matrix[:, 1, 0] = angle.sin() * zoom * (width / height)
    if mirrored is not None:
        matrix[:, :, :axes] *= torch.where(mirrored, -1.0, 1.0).flip(1)[:, :, None]
    matrix[:, :, axes] = 2.0 * moves.flip(1)  # torch counts axes from the last, each two long
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def _exchanged(x: Tensor, generator: torch.Generator) -> Tensor:
    """Return rows whose axes of one length are exchanged, in any order alike often."""
    space = x.shape[2:]
    lengths = tuple(space)
    orders = [
        order
        for order in permutations(range(len(space)))
        if tuple(space[axis] for axis in order) == lengths
    ]
    drawn = (len(orders) * _uniform(x, 1, generator)[:, 0]).long()
    exchanged = x.clone()
    for number, order in enumerate(orders):
        rows = drawn == number
        exchanged[rows] = x[rows].permute(0, 1, *(2 + axis for axis in order))
    return exchanged


def _warped(x: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Return series whose time runs at changing speed, between the same first and last step."""
    length = x.shape[-1]
    part = torch.linspace(0.0, 1.0, length, device=x.device)
    drawn = 2.0 * _uniform(x, 2, generator) - 1.0
    waves = torch.stack([torch.sin(math.pi * part), torch.sin(2.0 * math.pi * part) / 2.0])
    place = ((part + most / math.pi * (drawn @ waves)).clamp(0.0, 1.0) * (length - 1))[:, None]
    before = place.floor().long().expand_as(x)
    after = (before + 1).clamp_(max=length - 1)
    share = (place - place.floor()).expand_as(x)
    exact = x.gather(-1, before)
    return torch.where(share > 0, exact + share * (x.gather(-1, after) - exact), exact)


def _jittered(x: Tensor, most: float, size: Sizes, generator: torch.Generator) -> Tensor:
    drawn = most * (2.0 * _uniform(x, 2, generator) - 1.0)
    shape = (-1, *[1] * (x.ndim - 1))
    louder, brighter = drawn[:, 0].view(shape), drawn[:, 1].view(shape)
    return size.mean + (x - size.mean) * (1.0 + louder) + brighter * size.deviation


def _coloured(x: Tensor, most: float, size: Sizes, generator: torch.Generator) -> Tensor:
    """Return images whose colours are stronger or paler, then each brighter or darker by itself."""
    drawn = most * (2.0 * _uniform(x, 1 + _COLOURS, generator) - 1.0)
    strength, shares = drawn[:, :1, None, None], drawn[:, 1:, None, None]
    seen = x[:, :_COLOURS]
    grey = seen.mean(1, keepdim=True)
    made = grey + (seen - grey) * (1.0 + strength) + shares * size.deviation[:, :_COLOURS]
    return torch.cat([made, x[:, _COLOURS:]], 1)  # how transparent a place is stays


def _mixed(x: Tensor, mixing: str, generator: torch.Generator) -> Mixed:
    if mixing == "none" or len(x) < 2:
        return Mixed(x)
    other = torch.randperm(len(x), generator=generator).to(x.device)
    share = float(torch.rand((), generator=generator))
    if mixing == "mixup":
        share = 0.5 + 0.5 * share  # the nearer one first, so that rows stay mostly themselves
        return Mixed(share * x.float() + (1.0 - share) * x[other].float(), share, other)
    side = (1.0 - share) ** (1.0 / (x.ndim - 2))
    centre = _uniform(x[:1], x.ndim - 2, generator)
    inside = _boxes(x[:1], [side] * (x.ndim - 2), centre)
    return Mixed(torch.where(inside, x[other], x), 1.0 - float(inside.float().mean()), other)


def _boxes(x: Tensor, sides: Sequence[float], centres: Tensor) -> Tensor:
    """Return which places are in each row's box: ``(rows, 1, …)``; what is beyond is cut off."""
    rows, _, *space = x.shape
    inside = torch.ones((), dtype=torch.bool, device=x.device)
    for axis, (length, side) in enumerate(zip(space, sides, strict=True)):
        shape = [1, 1, *(length if other == axis else 1 for other in range(len(space)))]
        place = (torch.arange(length, device=x.device) + 0.5).view(shape) / length
        centre = centres[:, axis].view(rows, *[1] * (len(space) + 1))
        inside = inside & ((place - centre).abs() < side / 2.0)
    return inside


def _uniform(x: Tensor, columns: int, generator: torch.Generator) -> Tensor:
    """Return ``(rows, columns)`` numbers between 0 and 1, on the device of ``x``."""
    return torch.rand(len(x), columns, generator=generator).to(x.device)
