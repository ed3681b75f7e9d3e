"""The spaces a study searches: its families' own, narrowed by what its spec says."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from automl import families
from automl.core.catalog import FamilyName, MetricName, Modality, TaskType
from automl.core.errors import Detail, InvalidSpec
from automl.core.hyperparameter import (
    LARGE_SIDE,
    LONG_TEXT,
    Hyperparameter,
    Space,
    Trait,
    serving,
)
from automl.core.study import Plan, StudySpec

COLOURED = ((3,), (4,))
"""What follows height and width in the shape of images with colours."""


CHANCES = (MetricName.LOG_LOSS, MetricName.ROC_AUC)
"""The metrics that judge probabilities, or their order."""


def space(
    spec: StudySpec,
    name: FamilyName,
    *,
    modality: Modality = Modality.TABLE,
    traits: frozenset[Trait] = frozenset(),
) -> Space:
    """Return the dimensions of one family in this study.

    Args:
        spec: the study's spec, which may narrow them.
        name: the family.
        modality: of the data.
        traits: of data and metric, which settle the dimensions that the spec does not name.

    Raises:
        InvalidSpec: the spec's restriction does not fit the family's space.
    """
    restriction = (spec.search_space or {}).get(name.value, {})
    if not restriction:  # every ask looks at every family's
        return _usual(name, spec.task.type, modality, traits)
    field = f"search_space.{name.value}"
    whole = families.spec(name).space
    served = serving(whole, spec.task.type, modality)
    idle = {item.name for item in whole} - {item.name for item in served}
    for given in filter(idle.__contains__, restriction):
        message = f"it means nothing for {spec.task.type} of this modality, {modality}"
        detail = Detail(message, field=f"{field}.{given}")
        raise InvalidSpec(f"{detail.field}: {message}; leave it out.", errors=(detail,))
    narrowed = families.narrow(served, restriction, field=field)
    return _settled(narrowed, traits, named=restriction.keys())


def planned(spec: StudySpec, plan: Plan, name: FamilyName) -> Space:
    """Return the dimensions of one family in a study of that plan.

    Raises:
        InvalidSpec: as `space`.
    """
    return space(spec, name, modality=plan.modality, traits=_traits(plan))


def _traits(plan: Plan) -> frozenset[Trait]:
    image, text = plan.modality is Modality.IMAGE, plan.modality is Modality.TEXT
    holds = {
        Trait.NO_CATEGORIES: not plan.categories,
        Trait.NO_PAIRS: plan.pairable < 2,
        Trait.SMALL_IMAGES: image and min(plan.shape[:2]) < LARGE_SIDE,
        Trait.GREY_IMAGES: image and plan.shape[2:] not in COLOURED,
        Trait.LONG_TEXTS: text and plan.words >= LONG_TEXT,
        Trait.SHORT_TEXTS: text and plan.words < LONG_TEXT,
        Trait.CHANCES_JUDGED: plan.metric in CHANCES,
    }
    return frozenset(trait for trait, held in holds.items() if held)


@cache
def _usual(name: FamilyName, task: TaskType, modality: Modality, traits: frozenset[Trait]) -> Space:
    """Return the dimensions of a study that restricts nothing."""
    return _settled(serving(families.spec(name).space, task, modality), traits)


def _settled(dimensions: Space, traits: frozenset[Trait], *, named: Collection[str] = ()) -> Space:
    """Return the dimensions, one value left of those that are no question and are not ``named``."""
    return tuple(
        item if item.name in named else _with_one_value(item, traits, named) for item in dimensions
    )


def _with_one_value(
    item: Hyperparameter, traits: frozenset[Trait], named: Collection[str]
) -> Hyperparameter:
    settled = [value for trait, value in item.settled.items() if trait in traits]
    if item.yields_to in named and item.absent is not None:
        settled.insert(0, item.absent)
    for value in filter(item.allows, settled):
        return replace(
            item,
            type="categorical",
            choices=(value,),
            default=value,
            low=None,
            high=None,
            log=False,
        )
    return item


def check_restrictions(spec: StudySpec, chosen: Sequence[FamilyName], modality: Modality) -> None:
    """Make sure that every restriction names a family of the study and fits its space.

    Raises:
        InvalidSpec: one does not.
    """
    names = [name.value for name in chosen]
    for given in spec.search_space or {}:
        if given not in names:
            message = f"{given!r} is no family of this study; these are {', '.join(names)}"
            raise InvalidSpec(message, errors=(Detail(message, field=f"search_space.{given}"),))
    for name in chosen:
        space(spec, name, modality=modality)
