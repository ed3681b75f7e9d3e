"""Augmented batches: what may change does, what must not does not; the same seed draws alike."""

from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from automl.core.hyperparameter import Params
from automl.training.augment import Augmentation, Mixed, augment, sizes

COLOURFUL = (3, 12, 10)
SHAPES = [(2, 24), COLOURFUL, (1, 7, 6, 5)]
EVERY: dict[str, Any] = {
    "flip": True,
    "turn": True,
    "shift": 0.2,
    "rotation": 15.0,
    "zoom": 0.1,
    "jitter": 0.2,
    "colour": 0.2,
    "noise": 0.1,
    "cutout": 0.3,
    "warp": 0.2,
    "mixing": "mixup",
}
TURNING = ("turn", "rotation", "zoom")
"""What series do not know."""
GREY = [("colour", shape) for shape in SHAPES if shape != COLOURFUL]


def rows(*shape: int, whole: bool = False) -> Tensor:
    values = np.random.default_rng(0).integers(1, 255, (16, *shape))
    return torch.tensor(values, dtype=torch.uint8 if whole else torch.float32)


def changed(x: Tensor, params: Params, seed: int = 3) -> Mixed:
    how = Augmentation.read(params)
    assert how is not None
    torch.manual_seed(seed)
    return augment(x, how, sizes(x), torch.Generator().manual_seed(seed))


def ways(shape: tuple[int, ...]) -> list[str]:
    """Return the names that mean something for rows of that shape."""
    idle = {*TURNING} if len(shape) == 2 else {"warp"}
    return [name for name in EVERY if name not in idle and (name, shape) not in GREY]


def test_candidates_without_any_of_it_are_not_augmented() -> None:
    assert Augmentation.read({"width": 8, "flip": False, "shift": 0.0, "mixing": "none"}) is None


@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, shape) for shape in SHAPES for name in ways(shape)],
    ids=str,
)
def test_each_way_changes_rows_and_keeps_their_shape(name: str, shape: tuple[int, ...]) -> None:
    x = rows(*shape)
    made = changed(x, {name: EVERY[name]}).x
    assert made.shape == x.shape
    assert torch.isfinite(made).all()
    assert not torch.equal(made, x)
    assert torch.equal(changed(x, {name: EVERY[name]}).x, made)
    assert not torch.equal(changed(x, {name: EVERY[name]}, seed=4).x, made)


def test_bytes_stay_bytes_where_they_are_only_moved() -> None:
    made = changed(rows(3, 12, 10, whole=True), {"shift": 0.2, "flip": True, "cutout": 0.3})
    assert made.x.dtype == torch.uint8


@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
def test_a_flipped_row_is_itself_or_its_mirror_image(shape: tuple[int, ...]) -> None:
    x = rows(*shape)
    made = changed(x, {"flip": True}).x
    same = (made == x).flatten(1).all(1)
    mirrored = (made == x.flip(-1)).flatten(1).all(1)
    assert (same | mirrored).all()
    assert same.any()
    assert mirrored.any()


def test_a_turned_cube_is_any_of_its_images_by_turns_and_mirrors() -> None:
    x = torch.arange(27.0).view(1, 1, 3, 3, 3).expand(600, 1, 3, 3, 3).contiguous()
    images = {
        tuple(x[0, 0].permute(order).flip(axes).flatten().tolist())
        for order in permutations(range(3))
        for count in range(4)
        for axes in combinations(range(3), count)
    }
    made = changed(x, {"turn": True}).x
    assert len(images) == 48
    assert {tuple(row.flatten().tolist()) for row in made} == images


def test_only_axes_of_one_length_are_exchanged() -> None:
    x = rows(2, 5, 4, 5)
    made = changed(x, {"turn": True, "zoom": 1e-9}).x
    images = torch.stack(
        [
            image.flip(axes)
            for image in (x, x.transpose(2, 4))
            for count in range(4)
            for axes in combinations((2, 3, 4), count)
        ]
    ).float()
    assert ((made - images).abs().amax((2, 3, 4, 5)).amin(0) < 0.1).all()


def test_turning_by_nothing_moves_as_places_do() -> None:
    x = rows(1, 12, 12)
    how = {"flip": True, "zoom": 1e-9}
    assert torch.allclose(changed(x, how).x, changed(x, {"flip": True}).x, atol=1e-2)


def test_colours_change_where_there_are_any_and_greys_stay_grey_of_one_strength() -> None:
    grey = rows(1, 12, 10)
    assert torch.equal(changed(grey, {"colour": 0.5}).x, grey)
    clear = rows(4, 12, 10)
    made = changed(clear, {"colour": 0.5}).x
    assert torch.equal(made[:, 3], clear[:, 3])
    assert not torch.equal(made[:, :3], clear[:, :3])
    # The differences between two places' colours keep their direction: only strength and a tint.
    before, after = (x[:, :3] - x[:, :3].mean(1, keepdim=True) for x in (clear, made))
    tint = (after - before * _ratio(before, after)).flatten(2)
    assert torch.allclose(tint, tint[:, :, :1].expand_as(tint), atol=1e-2)


def _ratio(before: Tensor, after: Tensor) -> Tensor:
    """Return how much stronger each row's colours became: ``(rows, 1, 1, 1)``."""
    spreads = [(x - x.mean((2, 3), keepdim=True)).flatten(1).norm(dim=1) for x in (before, after)]
    ratio: Tensor = spreads[1] / spreads[0]
    return ratio.view(-1, 1, 1, 1)


def test_missing_steps_stay_missing() -> None:
    x = rows(2, 24)
    x[:, :, -6:] = torch.nan
    made = changed(x, {"jitter": 0.2, "noise": 0.1, "warp": 0.1}).x
    assert made[:, :, 0].isfinite().all()
    assert made[:, :, -1].isnan().all()


@pytest.mark.parametrize("mixing", ["mixup", "cutmix"])
def test_mixed_rows_say_of_what(mixing: str) -> None:
    x = torch.arange(16.0)[:, None, None, None].expand(16, 1, 8, 8).contiguous()
    made = changed(x, {"mixing": mixing})
    assert made.other is not None
    assert 0.0 <= made.share <= 1.0
    expected = made.share * x + (1 - made.share) * x[made.other]
    assert torch.allclose(made.x.mean((1, 2, 3)), expected.mean((1, 2, 3)), atol=1e-4)
