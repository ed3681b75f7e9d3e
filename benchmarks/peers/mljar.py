"""mljar-supervised; the variant is its mode: Compete, the most accurate, or Perform."""

from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Framed, folder_size

METRICS = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}
TASKS = {"binary": "binary_classification", "multiclass": "multiclass_classification"}


class System(Framed):
    """An ensemble in a folder."""

    package = "mljar-supervised"
    packages = ("lightgbm", "catboost", "xgboost", "scikit-learn", "pandas")
    environment = "mljar"

    def prepare(self, train: Path) -> None:
        """Import and read."""
        from supervised.automl import AutoML

        super().prepare(train)
        kind = self.job.kind
        self.model = AutoML(
            mode=self.job.variant or "Compete",
            ml_task=TASKS.get(kind, kind),
            eval_metric=METRICS[kind],
            total_time_limit=int(self.job.budget),
            n_jobs=self.job.cores,
            random_state=self.job.seed,
            results_path=str(self.job.folder / "results"),
            explain_level=0,
            verbose=0,
        )

    def fit(self) -> None:
        """Search for as long as the budget."""
        self.model.fit(self.x, self.y)

    def predict(self, rows: Any) -> tuple[list[Any], Any]:
        """Return the ensemble's answers; its columns follow the sorted classes."""
        if not self.job.labels:
            return [], self.model.predict(rows)
        answers = self.model.predict_proba(rows)
        return list(range(answers.shape[1])), answers

    def size(self) -> int:
        """Return the bytes of its folder."""
        return folder_size(self.job.folder / "results")

    def notes(self) -> dict[str, Any]:
        """Return how many models there are."""
        return {"models": len(self.model.get_leaderboard())}
