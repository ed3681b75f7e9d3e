"""A user's ``search_space``: what narrows or fixes the dimensions of a family's space."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from automl.core.errors import Detail, InvalidSpec
from automl.core.hyperparameter import Hyperparameter, Space, Value

_RANGE_KEYS = frozenset({"low", "high", "log"})


def narrow(
    space: Space, restriction: Mapping[str, object], *, field: str = "search_space"
) -> Space:
    """Return the part of ``space`` that ``restriction`` leaves.

    Args:
        space: the family's dimensions.
        restriction: by name, a list of choices, ``{"low": …, "high": …, "log": …}`` or one value.
        field: path of the restriction in the request, for error messages.

    Raises:
        InvalidSpec: a name is unknown or a value is outside the family's range.
    """
    known = [item.name for item in space]
    problems = [
        Detail(f"there is no such hyperparameter; known are {', '.join(known)}", f"{field}.{name}")
        for name in restriction
        if name not in known
    ]
    narrowed = []
    for item in space:
        try:
            narrowed.append(
                _restrict(item, restriction[item.name]) if item.name in restriction else item
            )
        except ValueError as error:
            problems.append(Detail(str(error), f"{field}.{item.name}"))
    if problems:
        first = problems[0]
        raise InvalidSpec(f"{first.field}: {first.message}", errors=tuple(problems))
    return tuple(narrowed)


def _restrict(item: Hyperparameter, wish: object) -> Hyperparameter:
    if isinstance(wish, Mapping):
        return _range(item, wish)
    if isinstance(wish, Sequence) and not isinstance(wish, str):
        if not wish:
            raise ValueError("an empty list leaves no choice")
        return _choices(item, wish)
    return _choices(item, [wish])


def _choices(item: Hyperparameter, wishes: Sequence[object]) -> Hyperparameter:
    values = tuple(dict.fromkeys(_value(item, wish) for wish in wishes))
    default = item.default if item.default in values else values[0]
    return replace(
        item, type="categorical", choices=values, default=default,
        low=None, high=None, log=False, step=None,
    )  # fmt: skip


def _range(item: Hyperparameter, wish: Mapping[object, object]) -> Hyperparameter:
    if item.type == "categorical":
        raise ValueError(f"it is a choice among {_listed(item)}, not a range")
    if not wish or not _RANGE_KEYS.issuperset(wish):
        raise ValueError(f'a range is {{"low": …, "high": …, "log": …}}, not {dict(wish)!r}')
    low = _number(item, wish.get("low", item.low))
    high = _number(item, wish.get("high", item.high))
    log = wish.get("log", item.log)
    if log is not True and log is not False:
        raise ValueError(f'"log" is true or false, not {log!r}')
    if low > high:
        raise ValueError(f"low {low!r} is above high {high!r}")
    if log and low <= 0:
        raise ValueError(f'"log" needs a positive low, not {low!r}')
    if low == high:
        return _choices(item, [low])
    default = min(max(_number(item, item.default), low), high)
    return replace(item, low=low, high=high, log=log, default=default)


def _value(item: Hyperparameter, wish: object) -> Value:
    if item.type != "categorical":
        return _number(item, wish)
    for choice in item.choices or ():
        if choice == wish and isinstance(choice, bool) == isinstance(wish, bool):
            return choice  # in the dimension's own type: 1 is not true, but 1.0 is 1
    raise ValueError(f"{wish!r} is none of {_listed(item)}")


def _number(item: Hyperparameter, wish: object) -> int | float:
    if isinstance(wish, bool) or not isinstance(wish, (int, float)) or not item.allows(wish):
        kind = "whole number" if item.type == "int" else "number"
        raise ValueError(f"{wish!r} is not a {kind} from {item.low} to {item.high}")
    return int(wish) if item.type == "int" else float(wish)


def _listed(item: Hyperparameter) -> str:
    return ", ".join(repr(choice) for choice in item.choices or ())
