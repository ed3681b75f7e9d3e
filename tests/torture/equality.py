"""Studies that asked for the same must have got the same, whatever struck them and wherever."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.torture.evidence import Evidence

Request = tuple[int, int, str]
"""The study's seed, which names the table, its trials and its search space."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a study with a budget of trials came to, by digests of its leaderboard and its model."""

    study: str
    request: Request
    board: str
    model: str


def answers(seen: Iterable[Evidence]) -> tuple[Answer, ...]:
    """Return those of succeeded studies whose every trial was evaluated.

    Those with a failed trial are left out: one that was killed too often has that for its outcome.
    """
    return tuple(
        Answer(
            study=each.study["id"],
            request=_request(each),
            board=_board(each),
            model=each.files["onnx"].sha256,
        )
        for each in seen
        if _comparable(each)
    )


def differences(found: Iterable[Answer]) -> list[str]:
    """Return the studies whose leaderboard or model differs from the first of the same request."""
    return [
        f"{other.study} differs from {first.study} in {' and '.join(what)}"
        for first, *others in _groups(found)
        for other in others
        if (what := list(_differ(first, other)))
    ]


def compared(found: Iterable[Answer]) -> int:
    """Return how many studies had another of the same request to be compared with."""
    return sum(len(group) for group in _groups(found) if len(group) > 1)


def _groups(found: Iterable[Answer]) -> list[list[Answer]]:
    groups: dict[Request, list[Answer]] = defaultdict(list)
    for answer in found:
        groups[answer.request].append(answer)
    return list(groups.values())


def _request(seen: Evidence) -> Request:
    study = seen.study
    space = json.dumps(study["spec"]["search_space"], sort_keys=True)
    return study["seed"], study["budget"]["trials"], space


def _comparable(seen: Evidence) -> bool:
    """Return whether the study's answer is one of its request alone, and it ran to its end."""
    states = {trial["state"] for trial in seen.trials}
    replayed = seen.study["budget"]["seconds"] is None
    return replayed and seen.study["status"] == "succeeded" and states <= {"complete", "pruned"}


def _differ(one: Answer, other: Answer) -> Iterator[str]:
    if one.board != other.board:
        yield "its leaderboard"
    if one.model != other.model:
        yield "its model"


def _board(seen: Evidence) -> str:
    names = ("number", "state", "family", "params", "value", "epochs")
    rows = [[trial[name] for name in names] for trial in seen.trials]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
