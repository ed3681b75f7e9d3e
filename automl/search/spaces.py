"""The spaces a study searches: its families' own, narrowed by what its spec says."""

from collections.abc import Sequence

from automl import families
from automl.core.catalog import FamilyName
from automl.core.errors import Detail, InvalidSpec
from automl.core.hyperparameter import Space, serving
from automl.core.study import StudySpec


def space(spec: StudySpec, name: FamilyName) -> Space:
    """Return the dimensions of one family in this study.

    Raises:
        InvalidSpec: the spec's restriction does not fit the family's space.
    """
    restriction = (spec.search_space or {}).get(name.value, {})
    whole = serving(families.spec(name).space, spec.task.type)
    return families.narrow(whole, restriction, field=f"search_space.{name.value}")


def check_restrictions(spec: StudySpec, chosen: Sequence[FamilyName]) -> None:
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
        space(spec, name)
