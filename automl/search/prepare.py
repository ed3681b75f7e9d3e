"""From a plan and a table to rows that candidates can be judged on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from automl import families, tasks
from automl.core import metric
from automl.core.catalog import ColumnKind, TaskType
from automl.core.frame import Floats, Frame
from automl.core.kin import Kin
from automl.core.learner import Examples, Fold, Matrix, Reading, Scaling, View
from automl.core.model import Input
from automl.core.schema import Column, Dataset
from automl.core.study import Plan, StudySpec
from automl.core.trial import Candidate
from automl.data import override, rows, split, table
from automl.data.sample import sample
from automl.data.target import read_target
from automl.families.categories import view_of
from automl.families.pairs import pairs_of
from automl.families.reading import reading_of
from automl.families.scaling import scaling_of
from automl.features import categories, encoder
from automl.features.base import Encoder
from automl.search import division, testset
from automl.search.folds import held_out, wanted
from automl.search.holding import Hold, held, held_frame, own, private
from automl.search.request import feature_columns, settled
from automl.tasks.base import TargetScale

Rows = npt.NDArray[np.intp]

CACHED_BYTES = 1 << 30
"""Encoded folds are kept up to this size; beyond it they are encoded anew each time."""

KEPT_BYTES = 4 << 20
"""Between two trials those of a table are kept up to this size: a megabyte is encoded anew in 2 to
3 ms, and with more of them a trial takes seconds. What texts became takes longer."""

WHOLE = -1
"""The index of the fold that trains on all rows and judges none; its validation rows are the first
of those it trains on."""

SHOWN_ROWS = 100
"""As many stand in for the validation rows of `WHOLE`."""

SHARED_CELLS = 1_000_000
"""With fewer training cells one thread trains: several would mostly wait for each other, and on a
busy machine for very long (569 rows of 30 columns took LightGBM with two threads 86 s)."""

EVEN = 0.99
"""The part of the largest fold's training rows that the smallest has, where all count as even."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One fold seen through one view and scaling: its encoder, matrices and target scale."""

    encoder: Encoder
    scale: TargetScale
    train: Examples
    valid: Examples
    truth: npt.NDArray[Any]
    """Validation targets in the data's units: ``(rows,)``."""

    @property
    def bytes(self) -> int:
        """How much memory the matrices take."""
        return sum(_bytes(examples.x) for examples in (self.train, self.valid))

    @property
    def private(self) -> int:
        """How many of these are in this process's memory alone."""
        return sum(private(examples.x) for examples in (self.train, self.valid))

    def held(self, hold: Hold) -> "Encoded":
        """Return the same with large matrices held for all processes."""
        train, valid = (
            replace(examples, x=held(examples.x, hold)) for examples in (self.train, self.valid)
        )
        return replace(self, train=train, valid=valid)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What decides how a candidate sees the fold at ``index``."""

    index: int
    view: View
    scaling: Scaling
    pairs: bool
    reading: Reading


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A study's rows, split once and for all.

    ``frame`` and ``y`` are the rows the search sees; ``folds`` index into them. ``test`` is set
    aside and only read by the finish. ``judged`` are the rows that out-of-fold predictions cover,
    in their order: all rows with folds, the validation rows with a holdout or with folds in time.
    ``kin`` says which rows of ``frame`` stay together where those of a fold are divided again.
    """

    plan: Plan
    spec: StudySpec
    dataset_sha256: str
    test_sha256: str | None
    columns: tuple[Column, ...]
    frame: Frame
    y: npt.NDArray[Any]
    folds: tuple[tuple[Rows, Rows], ...]
    test: tuple[Frame, npt.NDArray[Any]] | None
    judged: Rows
    warnings: tuple[tuple[str, str], ...] = ()
    """The dataset's, for the report: code and message."""
    kin: Kin | None = None
    hold: Hold = own
    _cache: dict[_Seen, Encoded] = field(default_factory=dict)
    _fitted: dict[_Seen, tuple[Encoder, TargetScale]] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs of the model file, in the dataset's order."""
        return tuple(rows.input_of(column) for column in self.columns)

    def encoded(self, index: int, candidate: Candidate) -> Encoded:
        """Return the fold at ``index`` as a candidate sees it, fitted on its training rows only."""
        seen = self._seen(index, candidate)
        if seen not in self._cache:
            encoded = self._encode(seen)
            if encoded.bytes + sum(e.bytes for e in self._cache.values()) > CACHED_BYTES:
                return encoded
            self._cache[seen] = encoded.held(self.hold)
        return self._cache[seen]

    def forget(self) -> None:
        """Let go of the encoded folds; what was learned to encode them stays."""
        self._cache.clear()

    def lighten(self) -> None:
        """Let go of the encoded folds where they are large, no other's and soon encoded anew."""
        quick = not self.plan.texts and not self.plan.shape
        if quick and sum(encoded.private for encoded in self._cache.values()) > KEPT_BYTES:
            self.forget()

    def fits(self, candidate: Candidate) -> tuple[int, ...]:
        """Return the indexes of the folds whose fits make up the candidate as a member."""
        refit = families.spec(candidate.family).refit
        return (WHOLE,) if refit else tuple(range(len(self.folds)))

    def fitted(self, index: int, candidate: Candidate) -> tuple[Encoder, TargetScale]:
        """Return what was learned of the training rows of the fold at ``index`` to encode any."""
        return self._fit(self._seen(index, candidate))

    def _seen(self, index: int, candidate: Candidate) -> _Seen:
        view = view_of(families.spec(candidate.family), candidate.params)
        if self.plan.modality.arrays:
            view = View.ARRAY  # of families that serve tables too
        if view is View.EMBEDDING and not any(map(categories.coded, self.columns)):
            view = View.ONE_HOT  # the same then, and perhaps at hand
        if view is View.SPARSE and all(c.kind is not ColumnKind.TEXT for c in self.columns):
            view = View.ONE_HOT  # the same then, and perhaps at hand
        params = candidate.params
        reading = reading_of(params)
        return _Seen(index, view, scaling_of(params), pairs=pairs_of(params), reading=reading)

    def score(self, truth: npt.NDArray[Any], predictions: Floats) -> float:
        """Return the study's metric of predictions in the data's units."""
        return metric.score(self.plan.metric, truth, predictions, positive=self.plan.positive)

    def fold(
        self, index: int, candidate: Candidate, *, seed: int, threads: int, device: str
    ) -> Fold:
        """Return all that a candidate's family is given to train on the fold at ``index``."""
        encoded = self.encoded(index, candidate)
        task = tasks.load(self.plan.task)

        def score(raw: Floats) -> float:
            return self.score(encoded.truth, task.decode(raw, encoded.scale))

        return Fold(
            train=encoded.train,
            valid=encoded.valid,
            task=self.plan.task,
            outputs=self.plan.outputs,
            layout=encoded.encoder.layout,
            score=score,
            maximize=metric.maximize(self.plan.metric),
            seed=seed,
            threads=threads if encoded.train.x.size >= SHARED_CELLS else 1,
            device=device,
            counted=self._counted(index),
            kin=self._kin(index),
            followed=self.plan.level and index != WHOLE,
        )

    def _counted(self, index: int) -> int | None:
        """Return the rows of the smallest fold where all have about as many: epochs then agree."""
        sizes = [len(train) for train, _ in self.folds]
        even = min(sizes) >= EVEN * max(sizes)
        return min(sizes) if even and index != WHOLE and self.plan.alike else None

    def _rows(self, index: int) -> tuple[Rows, Rows]:
        if index != WHOLE:
            return self.folds[index]
        every = np.arange(len(self.y))
        return every, every[:SHOWN_ROWS]

    def _kin(self, index: int) -> Kin | None:
        """Return the kin of the training rows of the fold at ``index``."""
        return self.kin.take(self._rows(index)[0]) if self.kin else None

    def _fit(self, seen: _Seen) -> tuple[Encoder, TargetScale]:
        if seen not in self._fitted:
            train, task = self._rows(seen.index)[0], tasks.load(self.plan.task)
            scale = task.fit_target(self.y[train])
            fitted = encoder.fit(
                self.frame.take(train),
                self.columns,
                seen.view,
                scaling=seen.scaling,
                outputs=self.plan.outputs,
                target=task.encode(self.y[train], scale),
                paired=seen.pairs,
                reading=seen.reading,
                room=self._room(),
                kin=self._kin(seen.index),
            )
            self._fitted[seen] = fitted, scale
        return self._fitted[seen]

    def _room(self) -> Frame | None:
        """Return the rows that some fold trains on, where they give all folds one layout."""
        if len(self.folds) == 1 or not self.plan.alike or self.plan.modality.arrays:
            return None
        trained = np.unique(np.concatenate([train for train, _ in self.folds]))
        return self.frame if len(trained) == len(self.y) else self.frame.take(trained)

    def _encode(self, seen: _Seen) -> Encoded:
        train, valid = self._rows(seen.index)
        task = tasks.load(self.plan.task)
        fitted, scale = self._fit(seen)
        return Encoded(
            encoder=fitted,
            scale=scale,
            train=Examples(
                encoder.learned_from(fitted, self.frame.take(train)),
                task.encode(self.y[train], scale),
            ),
            valid=Examples(
                fitted.transform(self.frame.take(valid)), task.encode(self.y[valid], scale)
            ),
            truth=self.y[valid],
        )


def _bytes(x: Matrix) -> int:
    parts = (x.data, x.indices, x.indptr) if sparse.issparse(x) else (x,)
    return sum(part.nbytes for part in parts)


def prepare(
    plan: Plan,
    spec: StudySpec,
    dataset: Dataset,
    table_path: Path,
    test: tuple[Dataset, Path] | None = None,
    *,
    hold: Hold = own,
) -> Prepared:
    """Return the study's rows, loaded, cleaned of rows without a target, sampled and split.

    The split is a function of the rows' content and the seed, not of their order; copies always
    land on the same side. Whoever shares them with other processes gives ``hold``.
    """
    spec = settled(spec, dataset)
    corrected = override.apply(dataset.columns, spec.columns)
    columns = feature_columns(corrected, spec)
    target_column = next(column for column in corrected if column.name == plan.target)
    y = read_target(table_path, target_column, plan.task).y
    usable = y >= 0 if plan.classes else ~np.isnan(y)
    official = testset.official(spec, dataset, table_path)
    kept = np.flatnonzero(usable & ~official)
    kept = kept[sample(y[kept], plan.rows, seed=spec.seed)]
    tested = np.flatnonzero(usable & official)
    tested_truth, y = y[tested], y[kept]
    frame = table.load(table_path, columns, kept)
    parts = _split(plan, spec, dataset, table_path, kept=kept, frame=frame, y=y)
    aside: tuple[Frame, npt.NDArray[Any]] | None = None
    if test is not None:
        aside = _test_rows(plan, columns, target_column, *test)
    elif len(tested):
        aside = table.load(table_path, columns, tested), tested_truth
    elif len(parts.test):
        aside = frame.take(parts.test), y[parts.test]
    return Prepared(
        plan=plan,
        spec=spec,
        dataset_sha256=dataset.sha256,
        test_sha256=test[0].sha256 if test else None,
        columns=columns,
        frame=held_frame(frame.take(parts.dev), hold),
        y=y[parts.dev],
        folds=parts.folds,
        test=(held_frame(aside[0], hold), aside[1]) if aside else None,
        judged=np.sort(np.concatenate([valid for _, valid in parts.folds])),
        warnings=tuple((warning.code, warning.message) for warning in dataset.warnings),
        kin=parts.kin if plan.kin else None,
        hold=hold,
    )


def _split(
    plan: Plan,
    spec: StudySpec,
    dataset: Dataset,
    path: Path,
    *,
    kept: Rows,
    frame: Frame,
    y: npt.NDArray[Any],
) -> split.Split:
    if plan.strategy in division.BY_COLUMN:
        given = spec.test_dataset_id is not None or plan.official_rows > 0
        _, folds, test_rows = wanted(spec, len(y), len(plan.classes), given=given)
        return division.divide(spec, dataset, path, kept, y, test_rows=test_rows, folds=folds)
    return split.split_rows(
        split.content_hashes(frame, y),
        y,
        alone=split.contested(frame, y) if plan.contested else None,
        stratify=plan.task is TaskType.CLASSIFICATION,
        strategy=plan.strategy,
        folds=plan.folds,
        test_fraction=plan.test_rows / len(y),
        seed=spec.seed,
        holdout_fraction=held_out(len(y), arrays=bool(plan.shape)),
    )


def _test_rows(
    plan: Plan, columns: Sequence[Column], target: Column, test: Dataset, path: Path
) -> tuple[Frame, npt.NDArray[Any]]:
    """Return the given test set read by the training set's columns; rows it cannot score go."""
    frame = table.load(path, testset.written(columns, test))
    y = testset.truth(target, plan.task, plan.classes, test, path)
    kept = np.flatnonzero(y >= 0 if plan.classes else ~np.isnan(y))
    return frame.take(kept), y[kept]
