"""Request bodies: strict, frozen, nothing unknown, turned into values of the domain."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict

from automl import families
from automl.core.catalog import (
    ColumnKind,
    FamilyName,
    MetricName,
    TaskType,
    ValidationStrategy,
)
from automl.core.errors import Detail, InvalidSpec, NotSupported
from automl.core.study import (
    Budget,
    ColumnOverride,
    Objective,
    StudySpec,
    TaskSpec,
    Validation,
    label,
)

INT64 = 2**63 - 1
MAX_SECONDS = 366 * 86_400
MAX_TRIALS = 1_000_000
MAX_COLUMNS = 20_000
RESERVED_TASKS = ("multilabel", "forecasting", "segmentation")
LONG = 1_000
"""Characters of a column's name or a class."""


def _printable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


def _given(name: str) -> JsonDict:
    """Return the schema of an object where ``name`` is there and not null."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


Text = Annotated[StrictStr, Field(min_length=1, max_length=LONG), AfterValidator(_printable)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Family = Annotated[Name, WithJsonSchema({"type": "string", "enum": [*FamilyName]})]
"""Checked where all that is known can be named."""
Id = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Seconds = Annotated[StrictFloat, Field(gt=0, le=MAX_SECONDS)]
Trials = Annotated[StrictInt, Field(ge=1, le=MAX_TRIALS)]


class Body(BaseModel):
    """What every part of a request keeps to."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TaskBody(Body):
    """What is predicted and how it is judged."""

    type: TaskType
    target: Text | None = None
    metric: Literal["auto"] | MetricName = "auto"
    positive: Text | StrictBool | StrictInt | StrictFloat | None = None

    @model_validator(mode="before")
    @classmethod
    def _reserved(cls, body: object) -> object:
        """Say that a type is still to come before asking for parts that it may not have."""
        if isinstance(body, Mapping) and body.get("type") in RESERVED_TASKS:
            raise NotSupported(
                f"The task type {body['type']!r} does not work yet; {', '.join(TaskType)} do.",
                errors=(Detail("not supported yet", field="task.type"),),
            )
        return body

    def to_spec(self) -> TaskSpec:
        """Return the value."""
        return TaskSpec(
            type=self.type,
            target=self.target or "",
            metric=None if self.metric == "auto" else self.metric,
            positive=None if self.positive is None else label(self.positive),
        )


class ColumnBody(Body):
    """A correction of an inferred column."""

    kind: ColumnKind | None = None
    use: StrictBool = True


class BudgetBody(Body):
    """When the search ends: at least one of the two; whichever comes first."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_given("seconds"), _given("trials")]})

    seconds: Seconds | None = None
    trials: Trials | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.seconds is None and self.trials is None:
            raise ValueError("needs seconds, trials or both")
        return self

    def to_budget(self) -> Budget:
        """Return the value."""
        return Budget(seconds=self.seconds, trials=self.trials)


class ValidationBody(Body):
    """How rows are held back to judge candidates."""

    strategy: ValidationStrategy = ValidationStrategy.AUTO
    column: Text | None = None
    test_fraction: Literal["auto"] | Annotated[StrictFloat, Field(ge=0, le=0.5)] = "auto"

    def to_validation(self) -> Validation:
        """Return the value. Raises `InvalidSpec` for a column without its strategy."""
        by_column = self.strategy in (ValidationStrategy.TIME, ValidationStrategy.GROUP)
        if self.column is not None and not by_column:
            raise InvalidSpec(
                "validation.column goes with the strategies 'time' and 'group' only.",
                errors=(Detail("must be null here", field="validation.column"),),
            )
        return Validation(
            strategy=self.strategy,
            column=self.column,
            test_fraction=None if self.test_fraction == "auto" else self.test_fraction,
        )


class ObjectiveBody(Body):
    """Bounds on the model handed out."""

    max_model_bytes: Annotated[StrictInt, Field(ge=1, le=INT64)] | None = None
    max_row_ms: Annotated[StrictFloat, Field(gt=0)] | None = None

    def to_objective(self) -> Objective:
        """Return the value."""
        return Objective(max_model_bytes=self.max_model_bytes, max_row_ms=self.max_row_ms)


class StudyBody(Body):
    """A request for a study: ``dataset_id`` and ``task`` are required."""

    dataset_id: Id
    test_dataset_id: Id | None = None
    task: TaskBody
    columns: Annotated[dict[Text, ColumnBody], Field(max_length=MAX_COLUMNS)] | None = None
    budget: BudgetBody = BudgetBody(seconds=600.0)
    families: Annotated[list[Family], Field(min_length=1, max_length=100)] | None = None
    search_space: Annotated[dict[Name, dict[Name, Any]], Field(max_length=100)] | None = None
    validation: ValidationBody = ValidationBody()
    objective: ObjectiveBody = ObjectiveBody()
    ensemble: StrictBool = True
    seed: Annotated[StrictInt, Field(ge=0, le=INT64)] = 0
    priority: Annotated[StrictInt, Field(ge=0, le=9)] = 5
    name: Name | None = None

    def to_spec(self) -> StudySpec:
        """Return the value.

        Raises:
            InvalidSpec: a family, hyperparameter or range is unknown.
        """
        return StudySpec(
            dataset_id=self.dataset_id,
            test_dataset_id=self.test_dataset_id,
            task=self.task.to_spec(),
            columns={
                name: ColumnOverride(kind=column.kind, use=column.use)
                for name, column in (self.columns or {}).items()
            },
            budget=self.budget.to_budget(),
            families=_families(self.families),
            search_space=_search_space(self.search_space),
            validation=self.validation.to_validation(),
            objective=self.objective.to_objective(),
            ensemble=self.ensemble,
            seed=self.seed,
            priority=self.priority,
            name=self.name,
        )


class ResumeBody(Body):
    """What to add to a study's budget when it goes on."""

    budget: BudgetBody | None = None


Cell = Annotated[Any, WithJsonSchema({"type": ["string", "number", "boolean", "null", "array"]})]
"""Checked where the model's inputs are known: column and row can be named there."""


class PredictBody(Body):
    """Rows to predict: cells by column; null is a missing cell.

    Models of images, series and volumes take nested lists, with the dataset's axes: a row's as its
    cell `X`, or all rows' at once as `X` in the place of `rows`.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [_given("rows"), _given("X")]})

    rows: list[dict[str, Cell]] | None = None
    arrays: Annotated[list[Cell] | None, Field(alias="X")] = None


def _family(name: str, field: str) -> FamilyName:
    if name not in tuple(FamilyName):
        known = ", ".join(FamilyName)
        raise InvalidSpec(
            f"There is no family {name!r}; known are {known}.",
            errors=(Detail(f"must be one of {known}", field=field),),
        )
    return FamilyName(name)


def _families(names: list[str] | None) -> tuple[FamilyName, ...] | None:
    if names is None:
        return None
    found = [_family(name, f"families.{index}") for index, name in enumerate(names)]
    return tuple(dict.fromkeys(found))


def _search_space(
    wishes: Mapping[str, Mapping[str, Any]] | None,
) -> Mapping[str, Mapping[str, Any]] | None:
    for name, restriction in (wishes or {}).items():
        field = f"search_space.{name}"
        families.narrow(families.spec(_family(name, field)).space, restriction, field=field)
    return wishes
