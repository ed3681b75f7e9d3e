"""What trials leave as artifacts: an attempt writes them, a later one or the finish reads them."""

from collections.abc import Iterator, Sequence
from functools import partial

import structlog

from automl.core.catalog import TrialState
from automl.core.errors import ArtifactCorrupt, NotFound, NothingTrained
from automl.core.leases import Outcome
from automl.core.model import Artifact
from automl.core.ports import Store
from automl.core.state import State
from automl.core.trial import Attempt, Trial
from automl.finish import Entry
from automl.runner.control import STATE
from automl.runner.persist import persist
from automl.search.evaluate import Evaluation
from automl.training import archive

OUT_OF_FOLD = "out_of_fold"

log = structlog.get_logger()


class Stored:
    """The artifacts of trials and models in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, artifact_id: str) -> State:
        """Return a state. Raises `NotFound`, `ArtifactCorrupt`."""
        return archive.unpack(b"".join(self._store.artifacts.read(artifact_id)))

    def put(self, tenant: str, media_type: str, content: bytes) -> Artifact:
        """Return the artifact of these bytes, once the store has taken them. Raises `DiskFull`."""
        put = partial(self._store.artifacts.put, tenant, media_type)
        return persist(lambda: put(_chunks(content)), wait_for_room=False)

    def outcome(self, attempt: Attempt, evaluation: Evaluation, seconds: float) -> Outcome:
        """Return what goes on a complete trial's row; its arrays are stored. Raises `DiskFull`."""
        predictions = State({}, {OUT_OF_FOLD: evaluation.out_of_fold})
        return Outcome(
            value=evaluation.value,
            fold_values=evaluation.fold_values,
            epochs=evaluation.epochs,
            seconds=seconds,
            parameters=evaluation.parameters,
            out_of_fold=self._write(attempt.tenant, predictions),
            fitted=self._write(attempt.tenant, evaluation.fitted),
            rungs=evaluation.rungs,
        )

    def entries(self, study_id: str, history: Sequence[Trial]) -> list[Entry]:
        """Return the complete trials that have their arrays, which are read when they are used."""
        with self._store.unit() as unit:
            arrays = unit.trials.arrays(study_id)
        return [
            self._entry(trial, *arrays[trial.number])
            for trial in history
            if trial.state is TrialState.COMPLETE and trial.number in arrays
        ]

    def _entry(self, trial: Trial, out_of_fold: str, fitted: str) -> Entry:
        return Entry(
            trial,
            lambda: self.read(out_of_fold).arrays[OUT_OF_FOLD],
            lambda: self.read(fitted),
        )

    def _write(self, tenant: str, state: State) -> str:
        return self.put(tenant, STATE, archive.pack(state)).id


def readable(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries whose stored bytes are whole: one damaged result must not cost the rest.

    Raises:
        NothingTrained: none is.
    """
    whole = []
    for entry in entries:
        try:
            entry.out_of_fold(), entry.fitted()
            whole.append(entry)
        except (NotFound, ArtifactCorrupt) as error:
            log.warning("result.damaged", of_trial=entry.trial.number, detail=str(error))
    if not whole:
        raise NothingTrained("The stored results of all trials are damaged; start the study anew.")
    return whole


def _chunks(content: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    view = memoryview(content)
    for start in range(0, len(view), size):
        yield bytes(view[start : start + size])
