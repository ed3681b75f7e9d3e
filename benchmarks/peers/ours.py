"""Our own service as a user meets it: a fresh ``automl serve``, REST, and the downloaded file.

By default every row is used for the model (``test_fraction`` 0), as the peers use theirs; the
variant ``ours:auto`` leaves the split to the service, which then keeps some rows for its estimate.
"""

import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Adapter


class System(Adapter):
    """A study over REST; the service stops before anything is predicted."""

    package = "automl-service"
    packages = ("torch", "lightgbm", "catboost", "onnxruntime")

    @classmethod
    def variables(cls, cores: int) -> dict[str, str]:
        """Return the number of workers; they set their own threads."""
        return {"AUTOML_WORKERS": str(cores)}

    def prepare(self, train: Path) -> None:
        """Start the service and upload the rows."""
        self._open = ExitStack()
        from automl.cli.service import service
        from automl.client import Client

        url = self._open.enter_context(service(self.job.folder / "service"))
        self._client = self._open.enter_context(Client(url))
        while len(list(self._client.items("/v1/workers"))) < self.job.cores:
            time.sleep(0.05)
        self._dataset = self._client.upload(train)

    def fit(self) -> None:
        """Run one study to its end."""
        body: dict[str, Any] = {
            "dataset_id": self._dataset["id"],
            "task": {
                "type": "classification" if self.job.labels else "regression",
                "target": self.job.target,
            },
            "budget": {"seconds": self.job.budget},
            "seed": self.job.seed,
        }
        if self.job.variant != "auto":
            body["validation"] = {"test_fraction": 0}
        study = self._client.start(body)
        for _ in self._client.events(study["id"]):
            pass
        self._study = self._client.study(study["id"])
        if self._study["status"] != "succeeded":
            raise RuntimeError(
                f"the study ended as {self._study['status']}: {self._study['error']}"
            )

    def ready(self) -> None:
        """Take the file, stop the service and load the file."""
        from automl.export.scoring import Scorer

        self._model = self._client.get(f"/v1/models/{self._study['model_id']}")
        self._file = self._client.download(self._study["id"], self.job.folder / "model.onnx")
        self.close()
        self._scorer = Scorer(self._file, threads=self.job.cores)

    def rows(self, test: Path) -> Any:
        """Return the file's named inputs."""
        from automl.data.rows import from_file

        return from_file(test, self._scorer.inputs)

    def part(self, rows: Any, index: int) -> Any:
        """Return the inputs of one row."""
        return {name: cells[index : index + 1] for name, cells in rows.items()}

    def predict(self, rows: Any) -> tuple[list[Any], Any]:
        """Score with the downloaded file."""
        scores = self._scorer.predict(rows)
        if scores.probabilities is None:
            return [], scores.predictions
        return list(self._scorer.classes), scores.probabilities

    def size(self) -> int:
        """Return the file's bytes."""
        return self._file.stat().st_size

    def notes(self) -> dict[str, Any]:
        """Return what the study did, and the service's own estimate of the error."""
        test = self._model["test"]
        return {
            "waited": _apart(self._study["created_at"], self._study["started_at"]),
            "elapsed": self._study["progress"]["elapsed_seconds"],
            "trials": self._study["progress"]["trials"],
            "members": [(m["family"], round(m["weight"], 3)) for m in self._model["members"]],
            "estimate": test["metrics"][self._study["metric"]["name"]],
            "source": test["source"],
            "parity": self._scorer.metadata.card.parity,
        }

    def close(self) -> None:
        """Stop the service."""
        self._open.close()


def _apart(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
