"""Trials that a worker trains together: each has its row, its outcome and its own attempts."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from automl.core.catalog import StudyStatus, TrialFailure, TrialState
from automl.core.errors import StoreUnavailable, TrialError, TrialPruned
from automl.core.leases import Order
from automl.core.study import Budget, Study
from automl.core.trial import Attempt, CurvePoint, Turn
from automl.runner import Runner, control
from automl.runner import companions as companions_module
from automl.runner import together as together_module
from automl.search import group
from automl.search.evaluate import Evaluation, evaluate
from automl.search.group import Member
from automl.search.prepare import Prepared
from automl.service import studies
from automl.store import SqlStore
from tests.runner.bench import BRIEF, MLP, TENANT, Bench, Orders
from tests.store.values import CANDIDATE

SPACE = {"mlp": {"layers": [1], "width": [8], "epochs": [5], "batch_size": [128]}}
TIMED = Budget(seconds=300.0, trials=4)
LANES = 3

Fate = Callable[[Prepared, Member, int], Evaluation | Exception]


def trained(prepared: Prepared, member: Member, _: int = 0) -> Evaluation | Exception:
    try:
        return evaluate(
            prepared,
            member.candidate,
            member.control,
            bars=member.bars,
            resume=member.resume,
        )
    except Exception as error:  # noqa: BLE001 -- as a group's program tells it
        return error


@pytest.fixture(autouse=True)
def lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three train together, from the first trial on, differing in their learning rates."""
    monkeypatch.setattr(group, "companions", lambda *_, **__: LANES)
    monkeypatch.setattr(group, "free", lambda _: frozenset({"learning_rate", "dropout"}))
    monkeypatch.setattr(companions_module, "portfolio", lambda *_: ())


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[list[Member]]:
    """Return the groups that are trained, one member after the other."""
    return fated(monkeypatch, trained)


def fated(monkeypatch: pytest.MonkeyPatch, fate: Fate) -> list[list[Member]]:
    """Give each member of a group its fate; return the groups."""
    found: list[list[Member]] = []

    def together(prepared: Prepared, members: Sequence[Member], **_: Any) -> None:
        found.append(list(members))
        for place, member in enumerate(members):
            member.ended(fate(prepared, member, place))

    monkeypatch.setattr(together_module, "evaluate_together", together)
    return found


def begin(
    bench: Bench, budget: Budget = TIMED, space: Any = SPACE, **more: Any
) -> tuple[Study, Runner, Attempt]:
    study = bench.study(budget=budget, families=MLP, space=space, **more)
    runner = bench.runner(checkpoint_seconds=0.0)
    return study, runner, bench.attempt(runner)


def states(bench: Bench, study: Study) -> list[str]:
    return [trial.state.value for trial in bench.trials(study)]


def test_trials_of_one_shape_are_begun_held_and_ended_each(
    bench: Bench, groups: list[list[Member]]
) -> None:
    study, runner, first = begin(bench)
    line = Orders()
    runner.run(first, line)
    assert line.said == [("take", 1), ("take", 2), *(("let go", n) for n in range(3))]
    assert [len(members) for members in groups] == [LANES]
    found = bench.trials(study)
    assert [trial.state for trial in found] == [TrialState.COMPLETE] * LANES
    shapes = [{**trial.candidate.params, "learning_rate": 0, "dropout": 0} for trial in found]
    assert shapes[0] == shapes[1] == shapes[2]
    assert len({str(trial.candidate.params) for trial in found}) == LANES
    ends = [trial.finished_at or 0.0 for trial in found]
    assert max(trial.started_at or 0.0 for trial in found) <= min(ends)
    assert ends == sorted(ends)
    assert bench.work_off(study, runner).status is StudyStatus.SUCCEEDED
    assert len(groups) == 1  # one trial was left


def test_one_record_of_steps_is_asked_and_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def companions(*_: Any, strides: object, **__: Any) -> int:
        seen.append(strides)
        return LANES

    def together(
        prepared: Prepared, members: Sequence[Member], *, strides: object, **_: Any
    ) -> None:
        seen.append(strides)
        for member in members:
            member.ended(trained(prepared, member))

    monkeypatch.setattr(group, "companions", companions)
    monkeypatch.setattr(together_module, "evaluate_together", together)
    _, runner, first = begin(bench)
    runner.run(first, Orders())
    assert len(seen) == 2
    assert seen[0] is seen[1]


def test_nobody_joins_in_replay_order(bench: Bench, groups: list[list[Member]]) -> None:
    study, runner, first = begin(bench, Budget(trials=4))
    runner.run(first, line := Orders())
    assert (line.said, groups) == ([], [])
    assert bench.work_off(study, runner).status is StudyStatus.SUCCEEDED
    assert groups == []


def test_nobody_joins_a_trial_of_the_portfolio(
    bench: Bench, groups: list[list[Member]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companions_module, "portfolio", lambda *_: ("one", "two"))
    study, runner, first = begin(bench)
    runner.run(first, Orders())
    runner.run(bench.attempt(runner), Orders())
    assert groups == []
    runner.run(bench.attempt(runner), Orders())
    assert [len(members) for members in groups] == [2]
    assert states(bench, study) == ["complete"] * 4


def test_nobody_joins_a_trial_that_was_tried_before(
    bench: Bench, groups: list[list[Member]]
) -> None:
    study, runner, first = begin(bench)
    bench.store.leases.crashed(first)
    runner.run(bench.attempt(runner), Orders())
    assert groups == []
    assert states(bench, study) == ["complete"]


def test_nobody_joins_when_the_parent_wants_the_trial_back(
    bench: Bench, groups: list[list[Member]]
) -> None:
    study, runner, first = begin(bench)
    runner.run(first, Orders(lambda _: Order.RELEASE))
    assert groups == []
    assert states(bench, study) == ["waiting"]


def test_a_lane_is_filled_again_while_one_of_the_first_trains_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def together(
        prepared: Prepared,
        members: Sequence[Member],
        *,
        refill: Callable[[], Member | None],
        **_: Any,
    ) -> None:
        first, *others = members
        seen.append(refill() is None)  # every lane is taken
        for member in others:
            member.ended(trained(prepared, member))
        joined = [refill(), refill(), refill()]
        first.ended(trained(prepared, first))
        seen.append(refill() is None)
        for newcomer in joined:
            if newcomer is not None:
                newcomer.ended(trained(prepared, newcomer))
        seen.append([newcomer is None for newcomer in joined] == [False, False, True])

    monkeypatch.setattr(together_module, "evaluate_together", together)
    study, runner, first = begin(bench, Budget(seconds=300.0, trials=8))
    runner.run(first, line := Orders())
    assert seen == [True, True, True]
    assert states(bench, study) == ["complete"] * 5
    assert line.said[2:] == [
        *(("let go", n) for n in (1, 2)),
        *(("take", n) for n in (3, 4)),
        *(("let go", n) for n in (0, 3, 4)),
    ]


@pytest.mark.parametrize("error", [StoreUnavailable(), ZeroDivisionError()])
def test_what_goes_wrong_with_company_does_not_hurt_those_there(
    bench: Bench,
    groups: list[list[Member]],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    real = bench.store.leases.another

    def another(attempt: Attempt, held: int, most: int) -> Turn | None:
        if held == 2:
            raise error
        return real(attempt, held, most)

    monkeypatch.setattr(bench.store.leases, "another", another)
    study, runner, first = begin(bench)
    runner.run(first, Orders())
    assert [len(members) for members in groups] == [2]
    assert states(bench, study) == ["complete"] * 2


@pytest.mark.parametrize(
    ("fate", "state", "reason"),
    [
        (ValueError("broken"), TrialState.FAILED, TrialFailure.INTERNAL),
        (
            TrialError(TrialFailure.NON_FINITE_LOSS, "diverged"),
            TrialState.FAILED,
            TrialFailure.NON_FINITE_LOSS,
        ),
        (TrialPruned((0.5,)), TrialState.PRUNED, None),
    ],
)
def test_a_member_ends_alone(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    fate: Exception,
    state: TrialState,
    reason: TrialFailure | None,
) -> None:
    fated(monkeypatch, lambda *given: fate if given[2] == 1 else trained(*given))
    study, runner, first = begin(bench)
    runner.run(first, Orders())
    one, bad, other = bench.trials(study)
    assert (bad.state, bad.reason, bad.attempts) == (state, reason, 1)
    assert one.state is other.state is TrialState.COMPLETE


def test_what_does_not_fit_beside_others_is_tried_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = fated(monkeypatch, lambda *given: MemoryError() if given[2] == 1 else trained(*given))
    study, runner, first = begin(bench)
    runner.run(first, Orders())
    assert states(bench, study) == ["complete", "waiting", "complete"]
    assert bench.work_off(study, runner).status is StudyStatus.SUCCEEDED
    assert len(groups) == 1
    assert [trial.attempts for trial in bench.trials(study)] == [1, 2, 1, 1]


def test_a_program_that_breaks_costs_nobody_an_attempt_and_each_goes_on_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a checkpoint of its own, from which it is trained to its end."""

    def together(prepared: Prepared, members: Sequence[Member], **_: Any) -> None:
        members[0].ended(trained(prepared, members[0]))
        for member in members[1:]:
            some_epochs(prepared, member, 8)
        raise ZeroDivisionError

    monkeypatch.setattr(together_module, "evaluate_together", together)
    study, runner, first = begin(bench, space=BRIEF, rows=400)
    line = Orders()
    runner.run(first, line)
    assert states(bench, study) == ["complete", "waiting", "waiting"]
    assert line.said[-2:] == [("let go", 1), ("let go", 2)]
    for number in (1, 2):
        again = bench.attempt(runner)
        assert (again.number, again.token) == (number, 2)
        assert again.checkpoint is not None
        epochs = reported(monkeypatch, runner, again)
        assert 1 < epochs[0] <= 10
    assert states(bench, study) == ["complete"] * 3


class Enough(Exception):
    """So many epochs."""


def some_epochs(prepared: Prepared, member: Member, most: int) -> None:
    """Train a member for some epochs, each with a checkpoint."""
    report = member.control.report

    def counting(point: CurvePoint) -> None:
        report(point)
        if point.epoch == most:
            raise Enough

    member.control.report = counting  # type: ignore[method-assign]
    assert isinstance(trained(prepared, member), Enough)


def reported(monkeypatch: pytest.MonkeyPatch, runner: Runner, attempt: Attempt) -> list[int]:
    """Return the epochs told of an attempt, which runs to its end."""
    epochs: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(control.AttemptControl, "report", lambda _, point: epochs.append(point.epoch))
        runner.run(attempt, Orders())
    return epochs


def test_a_member_that_lost_its_lease_stops_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fate(prepared: Prepared, member: Member, place: int) -> Evaluation | Exception:
        if place == 1:
            steal(bench.store, study, 1)
        return trained(prepared, member)

    study, runner, first = begin(bench)
    fated(monkeypatch, fate)
    runner.run(first, line := Orders())
    assert ("let go", 1) in line.said
    one, lost, other = bench.trials(study)
    assert (lost.state, lost.worker) == (TrialState.RUNNING, "thief")
    assert one.state is other.state is TrialState.COMPLETE


def steal(store: SqlStore, study: Study, number: int) -> None:
    """Let a trial's lease lapse and another worker have it."""
    store.leases.crashed(Attempt(study.id, TENANT, number, 1, CANDIDATE, None, None))
    found = store.leases.claim("thief")
    assert isinstance(found, Attempt)
    assert found.number == number


def test_a_cancelled_study_ends_them_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fate(prepared: Prepared, member: Member, place: int) -> Evaluation | Exception:
        if place == 0:
            studies.cancel(bench.store, TENANT, study.id)
        return trained(prepared, member)

    study, runner, first = begin(bench)
    fated(monkeypatch, fate)
    stops = Orders(lambda _: Order.STOP if bench.read(study).status.ended else Order.GO_ON)
    runner.run(first, stops)
    assert states(bench, study) == ["cancelled"] * LANES
    assert bench.read(study).status is StudyStatus.CANCELLED


def test_a_paused_study_gives_them_all_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fate(prepared: Prepared, member: Member, place: int) -> Evaluation | Exception:
        if place == 0:
            studies.pause(bench.store, TENANT, study.id)
        return trained(prepared, member)

    def order(_: int) -> Order:
        paused = bench.read(study).status is StudyStatus.PAUSED
        return Order.RELEASE if paused else Order.GO_ON

    study, runner, first = begin(bench, space=BRIEF, rows=400)
    fated(monkeypatch, fate)
    runner.run(first, Orders(order))
    assert states(bench, study) == ["waiting"] * LANES
    studies.resume(bench.store, TENANT, study.id, add=None)
    assert bench.work_off(study, runner).status is StudyStatus.SUCCEEDED
