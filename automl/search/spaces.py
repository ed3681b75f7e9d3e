"""The spaces a study searches: its families' own, narrowed by what its spec says."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from automl import families
from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.errors import Detail, InvalidSpec
from automl.core.hyperparameter import (
    LARGE_SIDE,
    LONG_TEXT,
    Hyperparameter,
    Space,
    Value,
    serving,
)
from automl.core.study import Plan, StudySpec

COLOURED = ((3,), (4,))
"""What follows height and width in the shape of images with colours."""


def space(
    spec: StudySpec,
    name: FamilyName,
    *,
    modality: Modality = Modality.TABLE,
    categories: bool = True,
    pairs: bool = True,
    large: bool = True,
    coloured: bool = True,
    long: bool | None = None,
) -> Space:
    """Return the dimensions of one family in this study.

    Args:
        spec: the study's spec, which may narrow them.
        name: the family.
        modality: of the data.
        categories: whether the table has any; if not, how to take them is no question.
        pairs: whether there are two columns of numbers to pair; if not, neither is that.
        large: whether images are; if not, how they are seen small is none either.
        coloured: whether images are; if not, how far colours may change is none.
        long: whether texts are, where that is known; if so characters are no question, if not what
            of them is read is none.

    Raises:
        InvalidSpec: the spec's restriction does not fit the family's space.
    """
    restriction = (spec.search_space or {}).get(name.value, {})
    if not restriction:  # every ask looks at every family's
        return _usual(
            name,
            spec.task.type,
            modality,
            categories=categories,
            pairs=pairs,
            large=large,
            coloured=coloured,
            long=long,
        )
    field = f"search_space.{name.value}"
    whole = families.spec(name).space
    served = serving(whole, spec.task.type, modality)
    idle = {item.name for item in whole} - {item.name for item in served}
    for given in filter(idle.__contains__, restriction):
        message = f"it means nothing for {spec.task.type} of this modality, {modality}"
        detail = Detail(message, field=f"{field}.{given}")
        raise InvalidSpec(f"{detail.field}: {message}; leave it out.", errors=(detail,))
    narrowed = families.narrow(served, restriction, field=field)
    return _known(
        narrowed, categories=categories, pairs=pairs, large=large, coloured=coloured, long=long
    )


def planned(spec: StudySpec, plan: Plan, name: FamilyName) -> Space:
    """Return the dimensions of one family in a study of that plan.

    Raises:
        InvalidSpec: as `space`.
    """
    return space(
        spec,
        name,
        modality=plan.modality,
        categories=plan.categories > 0,
        pairs=plan.pairable > 1,
        large=plan.modality is not Modality.IMAGE or min(plan.shape[:2]) >= LARGE_SIDE,
        coloured=plan.modality is not Modality.IMAGE or plan.shape[2:] in COLOURED,
        long=plan.words >= LONG_TEXT if plan.modality is Modality.TEXT else None,
    )


@cache
def _usual(
    name: FamilyName,
    task: TaskType,
    modality: Modality,
    *,
    categories: bool,
    pairs: bool,
    large: bool,
    coloured: bool,
    long: bool | None,
) -> Space:
    """Return the dimensions of a study that restricts nothing."""
    whole = serving(families.spec(name).space, task, modality)
    return _known(
        whole, categories=categories, pairs=pairs, large=large, coloured=coloured, long=long
    )


def _known(
    dimensions: Space,
    *,
    categories: bool,
    pairs: bool,
    large: bool,
    coloured: bool,
    long: bool | None,
) -> Space:
    """Return the dimensions with those settled that the data makes no question of."""
    if not categories:
        dimensions = tuple(_settled(item, item.without_categories) for item in dimensions)
    if not pairs:
        dimensions = tuple(_settled(item, item.without_pairs) for item in dimensions)
    if not large:
        dimensions = tuple(_settled(item, item.of_small_images) for item in dimensions)
    if not coloured:
        dimensions = tuple(_settled(item, item.of_grey_images) for item in dimensions)
    if long is True:
        dimensions = tuple(_settled(item, item.of_long_texts) for item in dimensions)
    if long is False:
        dimensions = tuple(_settled(item, item.of_short_texts) for item in dimensions)
    return dimensions


def _settled(item: Hyperparameter, value: Value | None) -> Hyperparameter:
    if value is None or not item.allows(value):
        return item
    return replace(
        item, type="categorical", choices=(value,), default=value, low=None, high=None, log=False
    )


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
