"""A study in the hands of a program."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from automl.client.answers import Leaderboard, Model, Predictions, Report
from automl.client.connection import Connection
from automl.client.curve import curve
from automl.client.problems import ServiceError, StudyFailed, Unreachable
from automl.client.request import as_budget
from automl.client.tables import paragraph, shown, table
from automl.client.text import plain
from automl.client.transport import Json

GLANCE_SECONDS = 2.0
"""How long a notebook tries for news of a study before it shows what was known."""
SHOWN = 10
"""Trials below the curve."""


class StudyHandle:
    """One study of a service: watched, steered, and what came of it.

    Attributes:
        id: its id, with which `Client.open` finds it again.
    """

    def __init__(self, client: Connection, study: Mapping[str, Any]) -> None:
        self._client = client
        self._study: Json = dict(study)
        self._trials: list[Json] = []
        self.id: str = study["id"]

    def refresh(self) -> Json:
        """Return the study as it stands now."""
        self._study = self._client.study(self.id)
        return self._study

    @property
    def status(self) -> str:
        """Its status now: queued, running, paused, finalizing, succeeded, failed or cancelled."""
        return str(self.refresh()["status"])

    @property
    def url(self) -> str:
        """Where it can be looked at."""
        return f"{self._client.url.rstrip('/')}/v1/studies/{self.id}"

    def wait(self, *, progress: bool | None = None) -> "StudyHandle":
        """Return when the study has ended; restarts of the service are waited for.

        Whoever interrupts it, or loses the service, is told how to come back: the study goes on.

        Args:
            progress: whether to draw it live; None: where somebody looks at a terminal.

        Raises:
            StudyFailed: it ended without a model.
            Unreachable: the service stayed away for longer than the patience.
        """
        from automl.client.watch import watch

        try:
            self._study = study = watch(self._client, self.id, progress=progress)
        except (KeyboardInterrupt, Unreachable) as error:
            back = f"Client({self._client.url!r}).open({self.id!r}).wait()"
            error.add_note(f"The study goes on where it runs; {back} comes back to it.")
            raise
        if study["status"] == "failed":
            why = study["error"] or {}
            raise StudyFailed(self.id, why.get("reason", "UNKNOWN"), why.get("detail", ""))
        return self

    def events(self, *, after: int = 0) -> Iterator[Json]:
        """Yield its events up to the terminal one, through restarts of the service."""
        return self._client.events(self.id, after=after)

    def leaderboard(self) -> Leaderboard:
        """Return its trials, the best first."""
        return Leaderboard(self._client.trials(self.id), self._study["metric"]["name"])

    def report(self) -> Report:
        """Return how good the model is, and why."""
        return Report(self._client.get(f"/v1/studies/{self.id}/report"))

    def model(self) -> Model:
        """Return the model that it has published.

        Raises:
            ServiceError: it has not published any.
        """
        return Model(self._client.get(f"/v1/models/{self._model_id()}"))

    def download(self, file: Path | str, format: str = "onnx") -> Path:  # noqa: A002 -- the service's word
        """Write the model in a format to a file, and return its path."""
        return self._client.download(self.id, file, format=format)

    def predict(self, rows: Any) -> Predictions:
        """Return predictions for rows.

        Args:
            rows: a file, a data frame, arrays, or rows as ``{column: cell}``.

        Raises:
            ServiceError: the rows lack a column that the model takes, or there is no model yet.
        """
        model_id = self._model_id()
        listed = isinstance(rows, Sequence) and not isinstance(rows, str | bytes)
        if listed and all(isinstance(row, Mapping) for row in rows):
            return Predictions(self._client.predict(model_id, rows))
        return Predictions(self._client.predict_file(model_id, rows))

    def cancel(self) -> "StudyHandle":
        """End the search now; the best model so far is published."""
        return self._steer("cancel", {})

    def pause(self) -> "StudyHandle":
        """Hold the search; paused time is not budget time."""
        return self._steer("pause", {})

    def resume(self, budget: str | float | Mapping[str, Any] | None = None) -> "StudyHandle":
        """Go on after a pause or, with a budget to add, after the end."""
        return self._steer("resume", {} if budget is None else {"budget": as_budget(budget)})

    def delete(self) -> None:
        """Delete the ended study with its model."""
        self._client.delete(f"/v1/studies/{self.id}")

    @override
    def __repr__(self) -> str:
        best = self._study["best"]
        metric = self._study["metric"]["name"]
        so_far = "" if best is None else f", {metric} {best['value']:.5g} by {best['family']}"
        return f"<study {self.id}: {self._study['status']}{so_far}>"

    def _repr_html_(self) -> str:
        try:
            hurried = self._client.within(GLANCE_SECONDS)
            self._study, self._trials = hurried.study(self.id), hurried.trials(self.id)
            note = ""
        except (ServiceError, Unreachable) as error:
            note = paragraph(f"As it was last seen: {error}")
        study, trials = self._study, self._trials
        metric, baseline = study["metric"], study["baseline"]["value"]
        drawn = curve(
            trials,
            metric=metric["name"],
            maximize=metric["direction"] == "maximize",
            baseline=baseline,
        )
        top = Leaderboard(trials[:SHOWN], metric["name"])
        return f"{note}{table(('', ''), _facts(study))}{drawn}{top._repr_html_() if top else ''}"

    def _model_id(self) -> str:
        model_id = self._study["model_id"] or self.refresh()["model_id"]
        if model_id is None:
            status = self._study["status"]
            detail = f"Study {self.id} is {status} and has no model yet; wait() for it."
            raise ServiceError(409, {"reason": "MODEL_NOT_READY", "detail": detail})
        return str(model_id)

    def _steer(self, verb: str, body: Mapping[str, Any]) -> "StudyHandle":
        self._study = self._client.post(f"/v1/studies/{self.id}/{verb}", body)
        return self


def _facts(study: Json) -> list[tuple[str, object]]:
    """Return what is said of a study: its state, and the best beside the baseline."""
    best, error = study["best"], study["error"]
    counts = study["progress"]["trials"].items()
    found = "nothing yet"
    if best is not None:
        found = f"{shown(best['value'])} by {best['family']} (trial {best['trial']})"
    return [
        ("study", study["name"] or study["id"]),
        ("state", study["status"] + (f": {plain(error['detail'])}" if error else "")),
        (study["metric"]["name"], f"{found}; baseline {shown(study['baseline']['value'])}"),
        ("trials", ", ".join(f"{count} {state}" for state, count in counts if count)),
        ("seconds", f"{study['progress']['elapsed_seconds']:.0f}"),
        ("model", study["model_id"]),
    ]
