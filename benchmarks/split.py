"""What is learned from and what is tested on: fixed by the problem and the split's number alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.problem import Problem, Row

TEST_SHARE = 0.25


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to test on; the class labels in order, none for regression."""

    train: list[Row]
    test: list[Row]
    labels: list[str]


def split(problem: Problem, number: int) -> Split:
    """Return the official split for number 0 if there is one, else a quarter drawn as the test.

    Official training rows are put in one fixed random order, for files may be sorted by class. For
    further numbers all rows are joined and drawn anew. Test rows of a class that no training row
    has are left out: no system could know it.
    """
    if number == 0 and problem.official:
        order = np.random.RandomState(0).permutation(len(problem.rows)).tolist()
        train, test = [problem.rows[i] for i in order], problem.official
    else:
        rows = problem.rows + problem.official
        classes = None if problem.regression else problem.cells(rows)
        first, second = draw(len(rows), classes, seed=number)
        train, test = [rows[i] for i in first], [rows[i] for i in second]
    if problem.regression:
        return Split(train, test, [])
    labels = sorted(set(problem.cells(train)))
    known = [label in set(labels) for label in problem.cells(test)]
    return Split(train, list(compress(test, known)), labels)


def draw(rows: int, classes: Sequence[str] | None, *, seed: int) -> tuple[list[int], list[int]]:
    """Return the places of training and test rows, stratified where there are classes.

    A class's only row is learned from; stratifying needs two of each, and a test row for each.
    """
    counts = Counter(classes or [])
    lonely = [i for i, label in enumerate(classes or []) if counts[label] == 1]
    others = sorted(set(range(rows)) - set(lonely))
    strata = None if classes is None else [classes[i] for i in others]
    if strata and len(set(strata)) > TEST_SHARE * len(others):
        strata = None
    train, test = train_test_split(others, test_size=TEST_SHARE, random_state=seed, stratify=strata)
    return [*train, *lonely], test
