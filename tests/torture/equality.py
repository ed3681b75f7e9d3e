"""Studies that asked for the same must have got the same, whatever struck them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.torture.evidence import Evidence

Request = tuple[int, int]
Board = list[tuple[Any, ...]]


def differences(seen: Iterable[Evidence]) -> list[str]:
    """Return the studies whose leaderboard or model differs from another's of the same request.

    Compared are succeeded studies of equal seed (it names the table) and trials. Those with a
    failed trial are left out: one that was killed too often has that for its outcome.
    """
    return [
        f"{other.study['id']} differs from {first.study['id']} in {' and '.join(what)}"
        for first, *others in _groups(seen)
        for other in others
        if (what := _differ(first, other))
    ]


def compared(seen: Iterable[Evidence]) -> int:
    """Return how many studies had another of the same request to be compared with."""
    return sum(len(group) for group in _groups(seen) if len(group) > 1)


def _groups(seen: Iterable[Evidence]) -> list[list[Evidence]]:
    groups: dict[Request, list[Evidence]] = defaultdict(list)
    for study in seen:
        if _comparable(study):
            groups[study.study["seed"], study.study["budget"]["trials"]].append(study)
    return list(groups.values())


def _comparable(seen: Evidence) -> bool:
    """Return whether the study ran to its end with every trial evaluated."""
    states = {trial["state"] for trial in seen.trials}
    return seen.study["status"] == "succeeded" and states <= {"complete", "pruned"}


def _differ(one: Evidence, other: Evidence) -> list[str]:
    board = [] if _board(one) == _board(other) else ["its leaderboard"]
    model = [] if one.files["onnx"].sha256 == other.files["onnx"].sha256 else ["its model"]
    return board + model


def _board(seen: Evidence) -> Board:
    names = ("number", "state", "family", "params", "value", "epochs")
    return [tuple(trial[name] for name in names) for trial in seen.trials]
