"""What stands in a model file beside the program: one JSON value a key, none that tells the time.

Nothing here may differ between two equal searches, so that equal searches give equal bytes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from automl.core.catalog import ColumnKind, FamilyName, MetricName, TaskType
from automl.core.decision import decision_from_json
from automl.core.model import Estimate, Exclusion, Input, Member, ModelCard

TASK = "task"
TARGET = "target"
CLASSES = "classes"
SCHEMA = "schema"
METRIC = "metric"
VALUE = "value"
VALUES = "values"
SOURCE = "source"
MEMBERS = "members"
EXCLUDED = "excluded"
PARITY = "parity"
DECISION = "decision"
GEOMETRIC = "geometric"
SEED = "seed"
DATASET = "dataset_sha256"
SPEC = "spec_sha256"
VERSION = "software_version"

PREDICTION = "prediction"
PROBABILITIES = "probabilities"
"""The outputs of the file."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """All that a model file says of itself."""

    card: ModelCard
    seed: int
    dataset_sha256: str
    spec_sha256: str
    version: str


def input_names(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the file's input names for those columns: the same, but where ONNX forbids it.

    A column called like an output, or by nothing at all, gets underscores behind its name.
    """
    taken = {PREDICTION, PROBABILITIES, "", *columns}
    names = []
    for column in columns:
        name = column
        while name in (PREDICTION, PROBABILITIES, "") or (name != column and name in taken):
            name += "_"
        taken.add(name)
        names.append(name)
    return tuple(names)


def write(
    card: ModelCard, *, seed: int, dataset_sha256: str, spec_sha256: str, version: str
) -> dict[str, str]:
    """Return the metadata of a model file as ``read`` understands it."""
    values: dict[str, Any] = {
        TASK: card.task,
        TARGET: card.target,
        CLASSES: card.classes,
        SCHEMA: [_flat(item) for item in card.inputs],
        METRIC: card.metric,
        VALUE: card.value,
        VALUES: {name: numbers(estimate) for name, estimate in card.metrics.items()},
        SOURCE: card.source,
        MEMBERS: [asdict(member) for member in card.members],
        EXCLUDED: [asdict(exclusion) for exclusion in card.excluded],
        PARITY: card.parity,
        DECISION: asdict(card.decision),
        GEOMETRIC: card.geometric,
        SEED: seed,
        DATASET: dataset_sha256,
        SPEC: spec_sha256,
        VERSION: version,
    }
    return {key: json.dumps(value, sort_keys=True) for key, value in values.items()}


def read(metadata: Mapping[str, str]) -> Metadata:
    """Return what ``write`` once wrote.

    Raises:
        ValueError: this is not the metadata of a model of ours.
    """
    try:
        values = {key: json.loads(text) for key, text in metadata.items()}
        return Metadata(_card(values), values[SEED], values[DATASET], values[SPEC], values[VERSION])
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a model file of this service: {error} in its metadata") from None


def numbers(estimate: Estimate) -> dict[str, float | None]:
    """Return the numbers as JSON has them: null for NaN, such as rmsle of negative numbers."""
    return {name: x if math.isfinite(x) else None for name, x in asdict(estimate).items()}


def _flat(item: Input) -> dict[str, Any]:
    """Return what ``asdict`` would of a value that holds no others: inputs may be thousands."""
    return {name: getattr(item, name) for name in Input.__slots__}


def _estimate(numbers: Mapping[str, float | None]) -> Estimate:
    return Estimate(**{name: math.nan if x is None else x for name, x in numbers.items()})


def _card(values: Mapping[str, Any]) -> ModelCard:
    return ModelCard(
        task=TaskType(values[TASK]),
        target=values[TARGET],
        metric=MetricName(values[METRIC]),
        value=values[VALUE],
        source=values[SOURCE],
        metrics={MetricName(name): _estimate(item) for name, item in values[VALUES].items()},
        members=tuple(
            Member(**{**item, "family": FamilyName(item["family"])}) for item in values[MEMBERS]
        ),
        inputs=tuple(
            Input(
                **{
                    **item,
                    "kind": ColumnKind(item["kind"]),
                    "shape": tuple(item.get("shape", ())),
                    "words": tuple(item.get("words", ())),
                }
            )
            for item in values[SCHEMA]
        ),
        classes=tuple(values[CLASSES]),
        parity=values[PARITY],
        excluded=tuple(Exclusion(**item) for item in values[EXCLUDED]),
        decision=decision_from_json(values.get(DECISION, {})),
        geometric=values.get(GEOMETRIC, False),
    )
