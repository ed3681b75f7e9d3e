"""What a worker remembers of the studies it works on: their rows of data and their ended trials."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from automl.core.errors import ArtifactCorrupt, DiskFull, NotFound
from automl.core.ports import Store, Unit
from automl.core.schema import Dataset
from automl.core.study import Study, StudySpec
from automl.core.trial import Trial
from automl.runner.failures import without_rows
from automl.runner.shelf import Shelf
from automl.search.memory import Memory
from automl.search.prepare import Prepared, prepare
from automl.service.cache import Cache

KEPT_PREPARED = 2
"""Studies whose encoded data stays in memory."""

KEPT_HISTORIES = 16
PAGE = 500

Warm = TypeVar("Warm")


class Studies:
    """Studies as a worker sees them, warm from trial to trial. The store stays the truth."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache
        self._shelf = Shelf(cache)
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()
        self._ended: OrderedDict[str, list[Trial]] = OrderedDict()
        self._memories: OrderedDict[str, Memory] = OrderedDict()

    def look(self, tenant: str, study_id: str) -> tuple[Study, list[Trial]]:
        """Return a study with all its trials by number, as they stand."""
        with self._store.unit() as unit:
            return unit.studies.get(tenant, study_id), self._history(unit, study_id)

    def memory(self, study_id: str) -> Memory:
        """Return what earlier asks of a study left."""
        memory = self._memories.setdefault(study_id, Memory())
        _keep(self._memories, study_id, KEPT_HISTORIES)
        return memory

    def prepared(self, tenant: str, study_id: str) -> Prepared:
        """Return a study's rows, split and ready to be encoded.

        Raises:
            StudyError: they are missing or damaged, or find no room.
        """
        with self._store.unit() as unit:
            study = unit.studies.get(tenant, study_id)
        known = self._prepared.get(study_id)
        if known is None:
            known = self._load(study)
            self._prepared[study_id] = known
        elif known.spec != study.spec:  # resumed with a larger budget
            known = self._prepared[study_id] = replace(known, spec=study.spec)
        _keep(self._prepared, study_id, KEPT_PREPARED)
        return known

    def lighten(self, study_id: str) -> None:
        """Hold less of a study between two pieces of its work: others may do theirs meanwhile."""
        if study_id in self._prepared:
            self._prepared[study_id].lighten()

    def _load(self, study: Study) -> Prepared:
        try:
            dataset, test = self._datasets(study.tenant, study.spec)
            table = self._cache.path(dataset.table)
            tested = (test, self._cache.path(test.table)) if test else None
        except (NotFound, ArtifactCorrupt, DiskFull) as error:
            raise without_rows(error) from error
        return prepare(study.plan, study.spec, dataset, table, tested, hold=self._shelf.hold)

    def _datasets(self, tenant: str, spec: StudySpec) -> tuple[Dataset, Dataset | None]:
        with self._store.unit() as unit:
            dataset = unit.datasets.get(tenant, spec.dataset_id)
            given = spec.test_dataset_id
            return dataset, unit.datasets.get(tenant, given) if given else None

    def _history(self, unit: Unit, study_id: str) -> list[Trial]:
        """Return all trials; those before the first one still open never change and are kept."""
        ended = self._ended.setdefault(study_id, [])
        _keep(self._ended, study_id, KEPT_HISTORIES)
        fresh: list[Trial] = []
        while True:
            page = _page(unit, study_id, (fresh or ended)[-1:])
            fresh += page
            if len(page) < PAGE:
                break
        still_open = (index for index, trial in enumerate(fresh) if not trial.state.ended)
        settled = next(still_open, len(fresh))
        ended += fresh[:settled]
        return ended + fresh[settled:]


def _page(unit: Unit, study_id: str, last: Sequence[Trial]) -> Sequence[Trial]:
    after = (None, last[0].number) if last else None
    return unit.trials.list(
        study_id, sort="number", maximize=False, state=None, after=after, limit=PAGE
    )


def _keep(warm: OrderedDict[str, Warm], used: str, most: int) -> None:
    warm.move_to_end(used)
    while len(warm) > most:
        warm.popitem(last=False)
