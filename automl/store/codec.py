"""Core values to JSON and back, one pair each: what the documents in the tables hold."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from automl.core.catalog import (
    ColumnKind,
    FamilyName,
    MetricName,
    Modality,
    TaskType,
    ValidationStrategy,
)
from automl.core.decision import decision_from_json
from automl.core.model import Estimate, Exclusion, Input, Member, ModelCard
from automl.core.schema import Column, DataWarning, column_from_json
from automl.core.study import (
    Budget,
    ColumnOverride,
    Objective,
    Plan,
    StudySpec,
    TaskSpec,
    Validation,
)

Json = dict[str, Any]


def columns_to_json(columns: Sequence[Column]) -> list[Json]:
    """Return a dataset's columns as JSON."""
    return [_plain_fields(column) for column in columns]


def columns_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Return what ``columns_to_json`` wrote."""
    return tuple(column_from_json(item) for item in data)


def warnings_to_json(warnings: Sequence[DataWarning]) -> list[Json]:
    """Return a dataset's warnings as JSON."""
    return [_plain_fields(warning) for warning in warnings]


def warnings_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[DataWarning, ...]:
    """Return what ``warnings_to_json`` wrote."""
    return tuple(DataWarning(**item) for item in data)


def spec_to_json(spec: StudySpec) -> Json:
    """Return a study's spec as JSON."""
    return _plain_fields(spec)


def spec_from_json(data: Mapping[str, Any], budget: Budget | None = None) -> StudySpec:
    """Return what ``spec_to_json`` wrote, with the ``budget`` as it stands after additions."""
    families = data["families"]
    return StudySpec(
        **{
            **data,
            "task": _task(data["task"]),
            "budget": budget or Budget(**data["budget"]),
            "columns": {name: _override(item) for name, item in data["columns"].items()},
            "families": None if families is None else tuple(map(FamilyName, families)),
            "validation": _validation(data["validation"]),
            "objective": Objective(**data["objective"]),
        }
    )


def plan_to_json(plan: Plan) -> Json:
    """Return a study's plan as JSON."""
    return _plain_fields(plan)


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """Return what ``plan_to_json`` wrote."""
    return Plan(
        **{
            **data,
            "task": TaskType(data["task"]),
            "metric": MetricName(data["metric"]),
            "classes": tuple(data["classes"]),
            "features": tuple(data["features"]),
            "families": tuple(map(FamilyName, data["families"])),
            "strategy": ValidationStrategy(data["strategy"]),
            "warnings": tuple((str(code), str(message)) for code, message in data["warnings"]),
            "modality": Modality(data.get("modality", Modality.TABLE)),
            "shape": tuple(data.get("shape", ())),
        }
    )


def card_to_json(card: ModelCard) -> Json:
    """Return a model's card as JSON."""
    return _plain_fields(card)


def card_from_json(data: Mapping[str, Any]) -> ModelCard:
    """Return what ``card_to_json`` wrote."""
    return ModelCard(
        **{
            **data,
            "task": TaskType(data["task"]),
            "metric": MetricName(data["metric"]),
            "metrics": {MetricName(name): Estimate(**it) for name, it in data["metrics"].items()},
            "members": tuple(map(_member, data["members"])),
            "inputs": tuple(map(_input, data["inputs"])),
            "classes": tuple(data["classes"]),
            "excluded": tuple(Exclusion(**item) for item in data["excluded"]),
            "decision": decision_from_json(data.get("decision", {})),
        }
    )


def _plain_fields(value: Any) -> Json:
    """Return a dataclass as JSON; unlike ``asdict`` it takes any kind of mapping inside."""
    return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _task(data: Mapping[str, Any]) -> TaskSpec:
    metric = data["metric"]
    return TaskSpec(
        **{
            **data,
            "type": TaskType(data["type"]),
            "metric": None if metric is None else MetricName(metric),
        }
    )


def _override(data: Mapping[str, Any]) -> ColumnOverride:
    kind = data["kind"]
    return ColumnOverride(kind=None if kind is None else ColumnKind(kind), use=data["use"])


def _validation(data: Mapping[str, Any]) -> Validation:
    return Validation(**{**data, "strategy": ValidationStrategy(data["strategy"])})


def _member(data: Mapping[str, Any]) -> Member:
    return Member(**{**data, "family": FamilyName(data["family"])})


def _input(data: Mapping[str, Any]) -> Input:
    lists = {name: tuple(data.get(name, ())) for name in ("shape", "words")}
    return Input(**{**data, "kind": ColumnKind(data["kind"]), **lists})
