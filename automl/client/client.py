"""The way from a file to a model in one call."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from automl.client.answers import Dataset
from automl.client.connection import Connection
from automl.client.request import as_budget, guess_task
from automl.client.source import TARGET, is_arrays
from automl.client.study import StudyHandle
from automl.client.transport import Json
from automl.core.study import label


class Client(Connection):
    """A service in the hands of a program; creating calls may be repeated without harm.

    Args:
        url: where the service listens.
        key: an API key, where the service wants one.
        patience: seconds to go on trying while the service is away or busy.
    """

    def fit(
        self,
        data: Any,
        *,
        target: str | None = None,
        task: str | None = None,
        budget: str | float | Mapping[str, Any] = "5m",
        test: Any = None,
        metric: str | None = None,
        positive: str | float | None = None,
        families: str | Sequence[str] | None = None,
        modality: str | None = None,
        seed: int = 0,
        progress: bool | None = None,
        **more: Any,
    ) -> StudyHandle:
        """Return the ended study of some data: uploaded, searched, its model ready.

        Args:
            data: a file, a data frame (pandas, polars, Arrow), a pair ``(X, y)`` of a frame or an
                array and what to predict, or a dataset's id.
            target: the column to predict; of a pair it is ``y``, and images, series and volumes
                with one target need no name.
            task: ``classification`` or ``regression``; None: guessed from the target.
            budget: wall-clock time such as ``"5m"`` or in seconds, or ``{"trials": 50}``.
            test: like ``data``: rows that the search never sees.
            metric: what is optimized; None: the task's usual one.
            positive: which of two classes counts as found; None: the last.
            families: only these.
            modality: what the data are, where their content does not tell: ``table``, ``image``,
                ``text``, ``series`` or ``volume``.
            seed: equal seeds with a budget of trials give equal models.
            progress: whether to draw it live; None: where somebody looks at a terminal.
            more: whatever else a request for a study has, such as ``columns`` or ``name``.

        Raises:
            ServiceError: the service refused the data or the request.
            StudyFailed: the search ended without a model.
            Unreachable: the service stayed away for longer than the patience.
        """
        dataset = self._dataset(data, modality)
        if target is None and isinstance(data, tuple) and not is_arrays(data):
            target = TARGET
        wanted = {
            "type": task or guess_task(dataset, target),
            "target": target,
            "metric": metric,
            "positive": None if positive is None else label(positive),
        }
        body: Json = {
            **more,
            "dataset_id": dataset["id"],
            "task": {name: value for name, value in wanted.items() if value is not None},
            "budget": as_budget(budget),
            "families": [families] if isinstance(families, str) else families,
            "seed": seed,
        }
        if test is not None:
            body["test_dataset_id"] = self._dataset(test, modality)["id"]
        return StudyHandle(self, self.start(body)).wait(progress=progress)

    def open(self, study_id: str) -> StudyHandle:
        """Return a study found by its id."""
        return StudyHandle(self, self.study(study_id))

    def _dataset(self, data: Any, modality: str | None) -> Dataset:
        if isinstance(data, str) and data.startswith("ds_") and not Path(data).exists():
            return self.dataset(data)
        return self.upload(data, modality=modality)
