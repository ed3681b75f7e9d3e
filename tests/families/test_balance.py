"""Balanced classes, in every family that knows them and takes tables.

Networks over arrays and texts are trained by the same loop; the classes of their cases lie too far
apart for weights to say much.
"""

from dataclasses import replace

import numpy as np
import pytest

from automl.core.catalog import Modality, TaskType
from automl.core.hyperparameter import defaults
from automl.core.learner import Examples
from tests.families import cases
from tests.families.cases import Case
from tests.families.watcher import Watcher

CASES = [
    case
    for case in cases.cases()
    if case.task is TaskType.CLASSIFICATION
    and case.modality is Modality.TABLE
    and any(item.name == "class_weight" for item in case.space)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_balanced_classes_raise_the_rare_ones_chances(case: Case) -> None:
    fold = cases.fold(case)
    rare = np.flatnonzero((fold.train.y != 0) | (np.arange(len(fold.train.y)) % 10 == 0))
    fewer = replace(fold, train=Examples(fold.train.x[rare], fold.train.y[rare]))
    space = case.space
    # leaves of one row hold one class, whatever a row counts
    brief = {"trees": 15, "min_samples_leaf": 10, "max_rounds": 30, "epochs": 5, "width": 32}
    params = defaults(space)
    params |= {name: value for name, value in brief.items() if name in params}
    plain, balanced = (
        cases.train(case, {**params, "class_weight": choice}, fewer, Watcher())
        .predict(fold.valid.x)[:, 0]
        .mean()
        for choice in ("none", "balanced")
    )
    assert balanced > plain * 1.2
