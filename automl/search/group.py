"""Candidates of one shape evaluated together, as lanes of one tensor program.

Each is evaluated as `automl.search.evaluate` does one alone, with the same folds, seeds, rungs and
checkpoints; only what they train, they train side by side. What ends one is no other's matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from automl import families
from automl.core.errors import TrialError, TrialGivesWay
from automl.core.hyperparameter import Params
from automl.core.learner import Control, Fitted, NetworkFamily
from automl.core.state import State
from automl.core.trial import Candidate
from automl.families.recipe import DROPOUTS, FREE
from automl.search.evaluate import Course, Evaluation, alone, follow
from automl.search.prepare import Prepared
from automl.search.rungs import Bars

if TYPE_CHECKING:
    from automl.training.lane import Training
    from automl.training.strides import Record, Strides


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A candidate among those evaluated together, and who hears of it.

    ``ended`` is called once, as soon as this member has its result, was pruned, stopped or failed;
    the others are `evaluate`'s.
    """

    candidate: Candidate
    control: Control
    bars: Bars
    resume: State | None
    ended: Callable[[Evaluation | Exception], None]


def free(candidate: Candidate) -> frozenset[str]:
    """Return the names of hyperparameters in which members of a group may differ.

    All others must be equal, and so must be which of these names are free.
    """
    if not families.scheduled(candidate.family):
        return frozenset()
    return FREE | {name for name in DROPOUTS if candidate.params.get(name)}


def shape(candidate: Candidate) -> tuple[frozenset[str], Params]:
    """Return what is equal in a group: which names are free there, and all other values."""
    names = free(candidate)
    return names, {name: each for name, each in candidate.params.items() if name not in names}


def companions(
    prepared: Prepared, candidate: Candidate, *, device: str, strides: "Strides | None" = None
) -> int:
    """Return how many candidates like this one, itself included, should train together; 1: alone.

    Args:
        prepared: the study's rows and folds.
        candidate: the first of them.
        device: where networks train.
        strides: what steps took here, where a clock may have a say.

    Raises:
        TrialError: the candidate is invalid.
    """
    family = families.model(candidate.family)
    if not families.is_network(family):
        return 1
    # Only here: torch takes a second to load, which a short budget of trees need not spend.
    from automl.families import lanes as stacking
    from automl.training import lanes

    fold = prepared.fold(0, candidate, seed=0, threads=1, device=device)
    folds = len(prepared.folds)
    sweep = all(families.scheduled(name) for name in prepared.plan.families)
    return lanes.companions(
        family, candidate.params, fold, stacking, folds=folds, sweep=sweep, strides=strides
    )


def evaluate_together(
    prepared: Prepared,
    members: Sequence[Member],
    *,
    device: str,
    threads: int,
    refill: Callable[[], Member | None] = lambda: None,
    strides: "Strides | None" = None,
) -> None:
    """Evaluate the members, and tell each how it ended as soon as it has.

    Args:
        prepared: the study's rows and folds.
        members: candidates of one family that are equal but for what is `free`.
        device: where networks train.
        threads: how many threads each fit may use.
        refill: gives one more for the place of one that ended, None where there is none.
        strides: is told what steps take.
    """
    courses = [_follow(prepared, member, device, threads) for member in members]
    if len(members) > 1 and _pay(prepared, members[0].candidate, device):

        def join() -> tuple[Member, Course] | None:
            member = refill()
            return None if member is None else (member, _follow(prepared, member, device, threads))

        record = None if strides is None else _record(strides, prepared, members[0], device)
        _Group(members, courses, join, record).train()
        return
    for member, course in zip(members, courses, strict=True):
        try:
            evaluation = alone(member.candidate, course)
        except Exception as error:  # noqa: BLE001 -- what ends one member, it hears of itself
            member.ended(error)
        else:
            member.ended(evaluation)


def _pay(prepared: Prepared, candidate: Candidate, device: str) -> bool:
    try:
        return companions(prepared, candidate, device=device) > 1
    except TrialError:
        return False  # it hears of it when it is evaluated


def _record(strides: "Strides", prepared: Prepared, member: Member, device: str) -> "Record":
    from automl.training import lanes

    candidate = member.candidate
    family = cast("NetworkFamily", families.model(candidate.family))
    fold = prepared.fold(0, candidate, seed=0, threads=1, device=device)
    return strides.begin(lanes.kind(family, candidate.params, fold))


def _follow(prepared: Prepared, member: Member, device: str, threads: int) -> Course:
    return follow(
        prepared,
        member.candidate,
        member.control,
        bars=member.bars,
        resume=member.resume,
        device=device,
        threads=threads,
    )


class _Group:
    """Members in training: what each waits for is one training among the lanes."""

    def __init__(
        self,
        members: Sequence[Member],
        courses: Sequence[Course],
        join: Callable[[], tuple[Member, Course] | None],
        record: "Record | None",
    ) -> None:
        from automl.families import lanes as stacking
        from automl.training.lanes import Lanes

        self._join = join
        self._lanes = Lanes(stacking, record=record)
        self._leaving = False
        self._waiting: dict[Training, tuple[Member, Course]] = {}
        for member, course in zip(members, courses, strict=True):
            self._go_on(member, course, None)

    def train(self) -> None:
        """Train until every member has ended, and who joined in the place of one.

        Where one gives way the others are asked where they stand: they do as well.
        """
        while self._waiting:
            going = len(self._waiting)
            self._hear(self._lanes.epoch())
            if self._leaving:
                self._hear(self._lanes.offer())
                continue
            for _ in range(going - len(self._waiting)):
                if (joined := self._join()) is not None:
                    self._go_on(*joined, None)

    def _hear(self, ended: Sequence[tuple["Training", Sequence[Fitted] | Exception]]) -> None:
        for training, outcome in ended:
            member, course = self._waiting.pop(training)
            if isinstance(outcome, Exception):
                self._end(member, outcome)
            else:
                self._go_on(member, course, outcome)

    def _end(self, member: Member, error: Exception) -> None:
        self._leaving = self._leaving or isinstance(error, TrialGivesWay)
        member.ended(error)

    def _go_on(self, member: Member, course: Course, trained: Sequence[Fitted] | None) -> None:
        """Hand a member what it waited for, and take up what it asks for next."""
        family, params = families.model(member.candidate.family), member.candidate.params
        try:
            wanted = next(course) if trained is None else course.send(trained)
            training = self._lanes.add(
                cast("NetworkFamily", family), params, wanted.folds, wanted.control, wanted.partial
            )
        except StopIteration as ended:
            member.ended(ended.value)
        except Exception as error:  # noqa: BLE001 -- as above
            self._end(member, error)
        else:
            self._waiting[training] = member, course
