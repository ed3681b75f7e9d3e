"""A study on a service."""

import tempfile
from pathlib import Path
from typing import Any

from automl.client import Client
from automl.client.source import TARGET
from automl.estimators.request import Outcome, Request


def run(request: Request, data: Any, *, url: str, key: str, verbose: bool) -> Outcome:
    """Return the outcome of a study of ``data``, a pair ``(X, y)``, that a service ran.

    It is drawn live where that is asked for and somebody looks at a terminal or a notebook.

    Raises:
        ServiceError: the service refused the data or the request.
        StudyFailed: the search ended without a model.
        Unreachable: the service stayed away for longer than the client's patience.
    """
    with Client(url, key=key) as client, tempfile.TemporaryDirectory(prefix="automl-") as folder:
        dataset = client.upload(data)
        kinds = [(column["name"], column["kind"]) for column in dataset["columns"]]
        study = client.fit(
            dataset["id"],
            target=TARGET,
            task=request.task,
            budget=request.budget,
            metric=request.metric or "auto",
            positive=request.positive,
            families=request.families,
            seed=request.seed,
            columns=request.corrected(kinds, TARGET),
            search_space=request.search_space,
            validation=request.validation,
            objective=request.objective,
            ensemble=request.ensemble,
            progress=None if verbose else False,
        )
        file = study.download(Path(folder) / "model.onnx").read_bytes()
        return Outcome(file, study.report(), study.leaderboard(), study.id)
