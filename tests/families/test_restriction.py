import pytest

from automl.core.catalog import FamilyName
from automl.core.errors import InvalidSpec
from automl.core.hyperparameter import Hyperparameter, Space, Value, defaults
from automl.families import narrow, spec

SPACE: Space = (
    Hyperparameter(name="layers", type="int", low=1, high=5, default=3),
    Hyperparameter(name="rate", type="float", low=1e-4, high=0.1, default=1e-2, log=True),
    Hyperparameter(name="shape", type="categorical", choices=("brick", "funnel"), default="brick"),
    Hyperparameter(name="bias", type="categorical", choices=(True, False), default=True),
    Hyperparameter(
        name="slope", type="float", low=0.0, high=1.0, default=0.5, when=("shape", ("funnel",))
    ),
)


def narrowed(name: str, wish: object) -> Hyperparameter:
    space = narrow(SPACE, {name: wish})
    assert [item.name for item in space] == [item.name for item in SPACE]
    return next(item for item in space if item.name == name)


def test_nothing_asked_changes_nothing() -> None:
    assert narrow(SPACE, {}) == SPACE


@pytest.mark.parametrize(
    ("name", "wish", "choices"),
    [
        ("layers", [2, 3], (2, 3)),
        ("layers", 2, (2,)),
        ("layers", 2.0, (2,)),
        ("layers", [2, 2], (2,)),
        ("rate", 1e-3, (1e-3,)),
        ("rate", {"low": 1e-3, "high": 1e-3}, (1e-3,)),
        ("shape", "funnel", ("funnel",)),
        ("shape", ["funnel", "brick"], ("funnel", "brick")),
        ("bias", False, (False,)),
    ],
)
def test_choices_and_fixed_values(name: str, wish: object, choices: tuple[Value, ...]) -> None:
    item = narrowed(name, wish)
    assert (item.type, item.choices) == ("categorical", choices)
    assert list(map(type, item.choices or ())) == list(map(type, choices))
    assert item.default in choices
    assert all(item.allows(choice) for choice in choices)


def test_a_default_that_is_still_allowed_stays() -> None:
    assert narrowed("layers", [2, 3]).default == 3
    assert narrowed("layers", [5, 4]).default == 5
    assert narrowed("layers", {"high": 4}).default == 3
    assert narrowed("layers", {"high": 2}).default == 2


def test_ranges() -> None:
    item = narrowed("rate", {"low": 1e-3, "log": False})
    assert (item.type, item.low, item.high, item.log) == ("float", 1e-3, 0.1, False)
    item = narrowed("layers", {"low": 2.0, "high": 4})
    assert (item.type, item.low, item.high) == ("int", 2, 4)
    assert isinstance(item.low, int)


def test_what_governs_others_still_does() -> None:
    space = narrow(SPACE, {"shape": "funnel", "slope": 0.25})
    assert defaults(space)["slope"] == 0.25
    assert "slope" not in defaults(narrow(SPACE, {"shape": "brick"}))


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("layers", 6),
        ("layers", 2.5),
        ("layers", "3"),
        ("layers", True),
        ("layers", None),
        ("layers", 10**400),
        ("layers", float("nan")),
        ("layers", []),
        ("layers", [3, 9]),
        ("layers", [[3]]),
        ("layers", {}),
        ("layers", {"min": 2}),
        ("layers", {"low": 4, "high": 2}),
        ("layers", {"low": 0}),
        ("layers", {"low": None}),
        ("rate", {"low": 1e-3, "log": "yes"}),
        ("rate", float("inf")),
        ("slope", {"log": True}),
        ("shape", "square"),
        ("shape", {"low": 0}),
        ("shape", [["brick"]]),
        ("bias", 1),
    ],
)
def test_what_does_not_fit_is_refused(name: str, wish: object) -> None:
    with pytest.raises(InvalidSpec) as caught:
        narrow(SPACE, {name: wish}, field="search_space.mlp")
    assert [detail.field for detail in caught.value.errors] == [f"search_space.mlp.{name}"]


def test_every_problem_is_told() -> None:
    with pytest.raises(InvalidSpec, match="no such hyperparameter") as caught:
        narrow(SPACE, {"nope": 1, "layers": 9, "rate": 0.01})
    fields = [detail.field for detail in caught.value.errors]
    assert fields == ["search_space.nope", "search_space.layers"]


@pytest.mark.parametrize("name", list(FamilyName))
def test_every_space_can_be_narrowed_to_its_defaults(name: FamilyName) -> None:
    space = spec(name).space
    wanted = defaults(space)
    assert defaults(narrow(space, wanted)) == wanted
