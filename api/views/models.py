"""How models and their predictions look."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from api.views.base import View, at
from api.views.studies import MetricView
from automl.core.catalog import ColumnKind, ExportFormat, FamilyName, MetricName
from automl.core.model import Input, Model
from automl.service.predictions import Label, Predicted


class EstimateView(View):
    """A metric with its 95 % interval; null where it has no value, as rmsle of negative numbers."""

    value: float | None
    low: float | None
    high: float | None


class TestView(View):
    """How good the model is, on rows that the search never saw or out of fold."""

    source: Literal["test", "out_of_fold"]
    metrics: Mapping[MetricName, EstimateView]


class MemberView(View):
    """A trial's share in the ensemble: the mean of its `fits` that the file holds.

    Models of earlier versions do not say how many.
    """

    trial: int
    family: FamilyName
    weight: float
    fits: int | None


class InputView(View):
    """A named input of the model file; one of arrays has a `shape`, without its rows."""

    name: str
    kind: ColumnKind
    shape: Sequence[int] | None = None
    dtype: str | None = None

    @classmethod
    def of(cls, item: Input) -> Self:
        """Return the view of an input."""
        return cls(
            name=item.name, kind=item.kind, shape=item.shape or None, dtype=item.dtype or None
        )


class FormatView(View):
    """A file that the model is offered as."""

    format: ExportFormat
    bytes: int
    sha256: str


class ExclusionView(View):
    """A member left out of the file because its outputs did not match."""

    trial: int
    difference: float
    detail: str


class ModelView(View):
    """A published model."""

    id: str
    study_id: str
    dataset_id: str
    task: Mapping[str, str]
    metric: MetricView
    value: float
    test: TestView
    members: Sequence[MemberView]
    excluded: Sequence[ExclusionView]
    parity: float
    inputs: Sequence[InputView]
    classes: Sequence[str | int] | None
    formats: Sequence[FormatView]
    created_at: str

    @classmethod
    def of(cls, model: Model) -> Self:
        """Return the view of a model."""
        card = model.card
        return cls(
            id=model.id,
            study_id=model.study_id,
            dataset_id=model.dataset_id,
            task={"type": card.task.value, "target": card.target},
            metric=MetricView.of(card.metric),
            value=card.value,
            test=TestView(
                source=card.source,
                metrics={
                    name: EstimateView(value=seen.value, low=seen.low, high=seen.high)
                    for name, seen in card.metrics.items()
                },
            ),
            members=[
                MemberView(trial=m.trial, family=m.family, weight=m.weight, fits=m.fits)
                for m in card.members
            ],
            excluded=[
                ExclusionView(trial=e.trial, difference=e.difference, detail=e.detail)
                for e in card.excluded
            ],
            parity=card.parity,
            inputs=[InputView.of(item) for item in card.inputs],
            classes=card.classes or None,
            formats=[
                FormatView(format=kind, bytes=file.bytes, sha256=file.sha256)
                for kind, file in model.formats.items()
            ],
            created_at=at(model.created_at),
        )


class PredictionsView(View):
    """One prediction a row; for classification a probability a class."""

    predictions: Sequence[Label]
    probabilities: Sequence[Sequence[float]] | None
    classes: Sequence[Label] | None

    @classmethod
    def of(cls, predicted: Predicted) -> Self:
        """Return the view of predictions."""
        return cls(
            predictions=predicted.predictions,
            probabilities=predicted.probabilities,
            classes=predicted.classes,
        )
