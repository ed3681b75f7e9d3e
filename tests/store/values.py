"""Small real values to fill a store with, and a log folded back into a state."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from automl.core.catalog import (
    ColumnKind,
    ExportFormat,
    FamilyName,
    MetricName,
    Modality,
    StudyStatus,
    TaskType,
    TrialState,
    ValidationStrategy,
)
from automl.core.ids import new_id
from automl.core.leases import Outcome
from automl.core.model import Artifact, Estimate, Input, Member, Model, ModelCard
from automl.core.ports import Event, Store
from automl.core.schema import Column, Dataset
from automl.core.study import Budget, Plan, Study, StudySpec, TaskSpec
from automl.core.trial import Attempt, Candidate, Finish, Trial, Turn
from automl.settings import Settings
from automl.store import SqlStore, open_store, tables

TENANT = "default"
CANDIDATE = Candidate(FamilyName.LINEAR, {"penalty": 0.5, "fit": True, "steps": 3, "kind": "l2"})
PLAN = Plan(
    task=TaskType.CLASSIFICATION,
    target="y",
    metric=MetricName.ROC_AUC,
    positive=1,
    classes=("no", "yes"),
    features=("x",),
    families=(FamilyName.LINEAR,),
    strategy=ValidationStrategy.KFOLD,
    folds=3,
    rows=90,
    test_rows=10,
    dropped_rows=0,
    baseline=0.5,
    warnings=(("CODE", "message"),),
)


@contextmanager
def opened(settings: Settings) -> Iterator[SqlStore]:
    """A migrated store while a block runs."""
    store = open_store(settings)
    store.migrate()
    yield store
    store.close()


def put(store: Store, content: bytes, tenant: str = TENANT) -> Artifact:
    return store.artifacts.put(tenant, "application/octet-stream", [content])


def keep_dataset(
    store: Store,
    *,
    name: str,
    source: Artifact,
    table: Artifact,
    rows: int,
    columns: tuple[Column, ...],
    tenant: str = TENANT,
) -> Dataset:
    """Store a dataset of bytes that are stored already."""
    with store.unit() as unit:
        at = unit.now()
        dataset = Dataset(
            id=new_id("ds", at),
            tenant=tenant,
            name=name,
            modality=Modality.TABLE,
            format="csv",
            bytes=source.bytes,
            sha256=source.sha256,
            rows=rows,
            columns=columns,
            warnings=(),
            created_at=at,
            source=source.id,
            table=table.id,
        )
        unit.datasets.add(dataset)
    return dataset


def queue(store: Store, spec: StudySpec, plan: Plan, tenant: str = TENANT) -> Study:
    """Store a study that nobody has begun."""
    with store.unit() as unit:
        at = unit.now()
        study = Study(
            id=new_id("st", at),
            tenant=tenant,
            spec=spec,
            plan=plan,
            status=StudyStatus.QUEUED,
            version=0,
            last_seq=0,
            counts={},
            created_at=at,
        )
        unit.studies.add(study)
    return study


def model_of(store: Store, study: Study, card: ModelCard, file: Artifact) -> Model:
    """Return a model of the study, for it to publish."""
    with store.unit() as unit:
        at = unit.now()
    return Model(
        id=new_id("mdl", at),
        tenant=study.tenant,
        study_id=study.id,
        dataset_id=study.spec.dataset_id,
        card=card,
        formats={ExportFormat.ONNX: file},
        created_at=at,
    )


def add_dataset(store: Store, tenant: str = TENANT) -> Dataset:
    return keep_dataset(
        store,
        name="täble \x00 <b>",
        source=put(store, b"x,y\n1,no\n", tenant),
        table=put(store, b"PAR1", tenant),
        rows=1,
        columns=(Column("x", ColumnKind.NUMERIC, "number", 0, 1, min=1.0, max=float("inf")),),
        tenant=tenant,
    )


def add_study(
    store: Store,
    *,
    seconds: float | None = None,
    trials: int | None = 100,
    tenant: str = TENANT,
    priority: int = 5,
    plan: Plan = PLAN,
    dataset: Dataset | None = None,
) -> Study:
    dataset = dataset or add_dataset(store, tenant)
    spec = StudySpec(
        dataset_id=dataset.id,
        task=TaskSpec(TaskType.CLASSIFICATION, "y"),
        budget=Budget(seconds, trials),
        priority=priority,
    )
    return queue(store, spec, plan, tenant)


def read(store: Store, study: Study) -> Study:
    with store.unit() as unit:
        return unit.studies.get(study.tenant, study.id)


def log(store: Store, study: Study) -> Sequence[Event]:
    with store.unit() as unit:
        return unit.events.after(study.id, 0, 100_000)


def age(store: SqlStore, seconds: float) -> None:
    """Let time pass: everything in the database happened that much earlier."""
    passing = {
        tables.studies: "created_at queued_at served_at started_at finished_at paused_at "
        "search_ends_at finish_until finalizing_at removed_at",
        tables.trials: "started_at finished_at lease_until",
        tables.workers: "last_heartbeat_at",
        tables.artifacts: "kept_until",
        tables.requests: "held_until created_at",
        tables.watch: "since at",
        tables.keys: "created_at expires_at revoked_at last_used_at",
        tables.events: "at",
    }
    with store.database.write() as tx:
        for table, names in passing.items():
            values = {name: table.c[name] - seconds for name in names.split()}
            tx.writer.execute(table.update().values(values))


def attempt(store: Store, worker: str = "w0", candidate: Candidate = CANDIDATE) -> Attempt:
    """Claim a trial, asking where it is this worker's turn."""
    work = store.leases.claim(worker)
    if isinstance(work, Turn):
        work = store.leases.begin(worker, work, candidate)
    assert isinstance(work, Attempt), work
    return work


def outcome(store: Store, value: float, tenant: str = TENANT, mark: str = "") -> Outcome:
    out_of_fold = put(store, f"oof {value} {mark}".encode(), tenant)
    fitted = put(store, f"fitted {value} {mark}".encode(), tenant)
    return Outcome(value, (value, value), 7, 0.5, 12, out_of_fold.id, fitted.id)


def complete(store: Store, value: float, worker: str = "w0") -> Attempt:
    held = attempt(store, worker)
    store.leases.complete(held, outcome(store, value, held.tenant, f"{held.number}"))
    return held


def finish(store: Store, worker: str = "w0") -> Finish:
    work = store.leases.claim(worker)
    assert isinstance(work, Finish), work
    return work


def model(store: Store, study: Study, content: bytes = b"onnx") -> Model:
    card = ModelCard(
        task=TaskType.CLASSIFICATION,
        target="y",
        metric=MetricName.ROC_AUC,
        value=0.9,
        source="out_of_fold",
        metrics={MetricName.ROC_AUC: Estimate(0.9, 0.8, 0.95)},
        members=(Member(0, FamilyName.LINEAR, 1.0),),
        inputs=(Input("x", ColumnKind.NUMERIC, "number"),),
        classes=("no", "yes"),
        parity=1e-7,
    )
    return model_of(store, study, card, put(store, content, study.tenant))


@dataclass
class Folded:
    """What a log alone says of a study."""

    status: StudyStatus | None = None
    trials: dict[int, TrialState] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)
    best: tuple[int, float] | None = None
    model_id: str | None = None
    error: tuple[str, str] | None = None


def fold(events: Sequence[Event]) -> Folded:
    """Replay a log from its first event, which must be complete."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert all(a.at <= b.at + 0.005 for a, b in pairwise(events))
    state = Folded()
    for event in events:
        _apply(state, event)
    return state


_AFTER = {
    "started": TrialState.RUNNING,
    "epoch": TrialState.RUNNING,
    "completed": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAILED,
    "cancelled": TrialState.CANCELLED,
    "released": TrialState.WAITING,
    "retried": TrialState.WAITING,
}


def _apply(state: Folded, event: Event) -> None:
    noun, verb = event.type.value.split(".")
    if noun == "trial":
        number = int(event.data["trial"])
        before = state.trials.get(number)
        assert before is None or not before.ended, f"trial {number} ended twice"
        state.trials[number] = _AFTER[verb]
        state.attempts[number] += verb == "started"
    elif event.type == "study.best":
        state.best = (event.data["trial"], event.data["value"])
    elif noun == "study" and verb != "plan":
        _apply_study(state, event, verb)


def _apply_study(state: Folded, event: Event, verb: str) -> None:
    verb = event.data["status"] if verb == "resumed" else verb
    state.status = StudyStatus("running" if verb == "started" else verb)
    if state.status.ended:
        state.model_id = event.data["model_id"]
        failed = state.status is StudyStatus.FAILED
        state.error = (event.data["reason"], event.data["detail"]) if failed else None
    else:
        state.error = None


def check(store: Store, study: Study) -> Study:
    """Assert every invariant that ties rows, counts and the log together."""
    now = read(store, study)
    events = log(store, study)
    with store.unit() as unit:
        trials = unit.trials.history(study.id)
    folded = fold(events)
    assert now.last_seq == len(events)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert {trial.number: trial.state for trial in trials} == folded.trials
    assert {trial.number: trial.attempts for trial in trials} == dict(folded.attempts)
    counts = Counter(trial.state for trial in trials)
    assert dict(now.counts) == {state: counts[state] for state in TrialState}
    assert now.status is folded.status
    if now.status.ended:
        assert (now.model_id, now.error) == (folded.model_id, folded.error)
        assert all(trial.state.ended for trial in trials)
    _check_best(now, folded, [t for t in trials if t.value is not None])
    return now


def _check_best(study: Study, folded: Folded, complete: Sequence[Trial]) -> None:
    best = None if study.best_trial is None else (study.best_trial, study.best_value)
    assert folded.best == best
    values = {trial.number: trial.value or 0.0 for trial in complete}
    sign = 1 if study.plan.metric is MetricName.ROC_AUC else -1
    right = max(values, key=lambda n: (sign * values[n], -n)) if values else None
    assert study.best_trial == right
