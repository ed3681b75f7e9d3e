"""Reports: what the finish wrote, with what only the store knows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from automl.core.catalog import ExportFormat
from automl.core.errors import NotFound
from automl.core.ports import Store
from automl.core.report import Report
from automl.core.study import Study
from automl.core.trial import Trial
from automl.service import models


@dataclass(frozen=True, slots=True)
class Reported:
    """A study's report and what belongs to it; ``dataset`` is its name unless it was deleted."""

    report: Report
    study: Study
    dataset: str | None
    trials: Sequence[Trial]


def of_study(store: Store, tenant: str, study_id: str) -> Reported:
    """Return the report on a study that has published a model.

    Raises:
        ModelNotReady: the study has not ended yet.
        NotFound: no such study, it ended without a model, or the model was made without a report.
    """
    model = models.of_study(store, tenant, study_id)
    artifact = model.formats.get(ExportFormat.REPORT)
    if artifact is None:
        raise NotFound(
            f"The model of study {study_id} was made by a version without reports; resume the study"
            " to have one."
        )
    content = b"".join(store.artifacts.read(artifact.id))
    with store.unit() as unit:
        study = unit.studies.get(tenant, study_id)
        trials = unit.trials.history(study_id)
        try:
            dataset = unit.datasets.get(tenant, study.spec.dataset_id).name
        except NotFound:
            dataset = None
    return Reported(cast("Report", json.loads(content)), study, dataset, trials)
