"""Rows that judge what was chosen on others, and rows that stand for all."""

import numpy as np
import pytest

from automl.core.kin import Bond, Kin
from automl.ensembling.crossfit import crossfit, deal, spread


def test_nothing_is_judged_by_rows_that_it_was_chosen_on() -> None:
    parts = [np.array([0, 3]), np.array([1, 4]), np.array([2, 5])]
    found = [(part.tolist(), chosen) for part, chosen in crossfit(parts, np.ndarray.tolist)]
    assert found == [([0, 3], [1, 2, 4, 5]), ([1, 4], [0, 2, 3, 5]), ([2, 5], [0, 1, 3, 4])]


def test_a_single_part_is_judged_by_itself() -> None:
    ((part, chosen),) = crossfit([np.arange(3)], np.ndarray.tolist)
    assert part.tolist() == chosen == [0, 1, 2]


@pytest.mark.parametrize("rows", [1, 3, 57])
def test_parts_are_alike_and_hold_every_row_once(rows: int) -> None:
    truth = np.random.default_rng(0).integers(0, 2, rows)
    parts = deal(truth)
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))
    shares = [truth[part].sum() for part in parts]
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("bond", ["copy", "group", "moment"])
def test_no_part_divides_kin(bond: Bond) -> None:
    random = np.random.default_rng(0)
    numbers = random.integers(0, 50, 400).astype(np.int32)
    parts = deal(random.integers(0, 3, 400), kin=Kin(numbers, bond))
    assert len(parts) == 5
    assert sorted(np.concatenate(parts).tolist()) == list(range(400))
    shared = [set(numbers[part]) for part in parts]
    assert sum(map(len, shared)) == len(set(numbers))
    if bond == "moment":
        assert [(min(part), max(part)) for part in shared] == sorted(
            (min(part), max(part)) for part in shared
        )


@pytest.mark.parametrize("classes", [True, False])
def test_rows_without_kin_are_dealt_alike_either_way(classes: bool) -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 57) if classes else random.normal(size=57)
    alone = Kin(np.arange(57, dtype=np.int32), "copy")
    for one, other in zip(deal(truth), deal(truth, kin=alone), strict=True):
        assert one.tolist() == other.tolist()


def test_rows_that_stand_for_all_keep_shares_and_rare_classes() -> None:
    truth = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [9_000, 990, 10]))
    rows = spread(truth, 1_000, least=5)
    counts = np.bincount(truth[rows])
    assert counts[:2] == pytest.approx([900, 99], abs=6)
    assert counts[2] >= 5
    assert len(np.unique(rows)) == len(rows)
    assert spread(truth, 10_000).tolist() == list(range(10_000))
    numbers = spread(np.linspace(0.0, 1.0, 500)[::-1], 50)
    assert len(numbers) == 50
    assert (np.diff(numbers) > 0).all()
