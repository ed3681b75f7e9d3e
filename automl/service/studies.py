"""Studies: planned, started, watched and steered by their owners."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from automl.core.catalog import StudyStatus
from automl.core.errors import Detail, NotFound
from automl.core.ids import looks_like_id, new_id
from automl.core.lean import give_back, let_go_of_files
from automl.core.ports import Event, Store, Unit
from automl.core.schema import Dataset
from automl.core.study import Budget, Plan, Study, StudySpec
from automl.service.cache import Cache

Keep = Callable[[Unit, Study], None]
"""What else belongs into the transaction of a change."""


def _nothing(_unit: Unit, _study: Study) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Changed:
    """A study after a call, and whether the call changed it."""

    study: Study
    changed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a study's log, and the number of the log's last event."""

    events: Sequence[Event]
    last_seq: int


def plan(store: Store, cache: Cache, tenant: str, spec: StudySpec) -> Plan:
    """Return what a study of ``spec`` would do; nothing is stored.

    Raises:
        NotFound: no such dataset.
        InvalidSpec: the spec does not fit the dataset; names the field.
        NotSupported: a part of the spec is reserved.
    """
    from automl.search.plan import make_plan  # loads pyarrow

    dataset, table = _dataset(store, cache, tenant, spec.dataset_id, field="dataset_id")
    test = None
    if spec.test_dataset_id is not None:
        test = _dataset(store, cache, tenant, spec.test_dataset_id, field="test_dataset_id")
    made = make_plan(spec, dataset, table, test)
    give_back()  # the rows it looked at
    return made


def create(
    store: Store, cache: Cache, *, tenant: str, spec: StudySpec, keep: Keep = _nothing
) -> Study:
    """Plan and queue a study. Raises what `plan` raises, and `QuotaExceeded`."""
    planned = plan(store, cache, tenant, spec)
    let_go_of_files()  # who trains now can use what Arrow took
    with store.unit() as unit:
        now = unit.now()
        study = Study(
            id=new_id("st", now),
            tenant=tenant,
            spec=spec,
            plan=planned,
            status=StudyStatus.QUEUED,
            version=0,
            last_seq=0,
            counts={},
            created_at=now,
        )
        unit.studies.add(study)
        study = unit.studies.get(tenant, study.id)
        keep(unit, study)
    return study


def get(store: Store, tenant: str, study_id: str) -> Study:
    """Return one study. Raises `NotFound`."""
    with store.unit() as unit:
        return unit.studies.get(tenant, study_id)


def page(
    store: Store, tenant: str, *, status: StudyStatus | None, before: str | None, limit: int
) -> Sequence[Study]:
    """Return the newest first, those created before the id ``before``."""
    with store.unit() as unit:
        return unit.studies.list(tenant, status=status, before=before, limit=limit)


def cancel(store: Store, tenant: str, study_id: str) -> Changed:
    """End the search now; the best so far is published. Raises `NotFound`, `StudyState`."""
    with store.unit() as unit:
        changed = unit.studies.cancel(tenant, study_id)
        return Changed(unit.studies.get(tenant, study_id), changed)


def pause(store: Store, tenant: str, study_id: str) -> Changed:
    """Hold the search. Raises `NotFound`, `StudyState`."""
    with store.unit() as unit:
        changed = unit.studies.pause(tenant, study_id)
        return Changed(unit.studies.get(tenant, study_id), changed)


def resume(
    store: Store,
    tenant: str,
    study_id: str,
    *,
    add: Budget | None,
    keep: Callable[[Unit, Changed], None] = lambda _unit, _changed: None,
) -> Changed:
    """Go on after a pause or, with a budget to add, after the end.

    Raises:
        NotFound: no such study.
        StudyState: it is ending, or it has ended and no budget is added.
        DatasetGone: its dataset was deleted.
    """
    with store.unit() as unit:
        changed = unit.studies.resume(tenant, study_id, add)
        result = Changed(unit.studies.get(tenant, study_id), changed)
        keep(unit, result)
    return result


def remove(store: Store, tenant: str, study_id: str) -> None:
    """Remove an ended study with its model. Raises `NotFound`, `StudyState`."""
    with store.unit() as unit:
        unit.studies.remove(tenant, study_id)


def events(store: Store, tenant: str, study_id: str, *, after: int, limit: int) -> Page:
    """Return the log's events behind number ``after``. Raises `NotFound`."""
    with store.unit() as unit:
        study = unit.studies.get(tenant, study_id)
        found = unit.events.after(study_id, after, limit)
    return Page(found, max(study.last_seq, found[-1].seq if found else 0))


def _dataset(
    store: Store, cache: Cache, tenant: str, dataset_id: str, *, field: str
) -> tuple[Dataset, Path]:
    missing = NotFound(
        f"There is no such dataset as {field} names.",
        errors=(Detail("there is no such dataset", field=field),),
    )
    if not looks_like_id(dataset_id):
        raise missing
    try:
        with store.unit() as unit:
            dataset = unit.datasets.get(tenant, dataset_id)
    except NotFound:
        raise missing from None
    return dataset, cache.path(dataset.table)
