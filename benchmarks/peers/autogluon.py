"""AutoGluon tabular; the variant is a preset: medium_quality, its default, or best_quality."""

from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Framed, folder_size

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "root_mean_squared_error"}


class System(Framed):
    """A predictor; what it needs to predict is kept in memory, and weighed as its clone."""

    package = "autogluon.tabular"
    packages = ("lightgbm", "catboost", "xgboost-cpu", "torch", "scikit-learn", "pandas")
    environment = "autogluon"

    def prepare(self, train: Path) -> None:
        """Import and read."""
        from autogluon.tabular import TabularPredictor

        super().prepare(train)
        self._rows = self.x.assign(**{self.job.target: self.y})
        self.model = TabularPredictor(
            label=self.job.target,
            problem_type=self.job.kind,
            eval_metric=METRICS[self.job.kind],
            path=str(self.job.folder / "predictor"),
            verbosity=1,
        )

    def fit(self) -> None:
        """Fit the preset with the time limit."""
        self.model.fit(
            self._rows,
            time_limit=self.job.budget,
            presets=self.job.variant or "medium_quality",
            num_cpus=self.job.cores,
            num_gpus=0,
        )

    def ready(self) -> None:
        """Keep the models in memory; else each prediction reads them anew."""
        self.model.persist()

    def predict(self, rows: Any) -> tuple[list[Any], Any]:
        """Return the best model's answers."""
        if not self.job.labels:
            return [], self.model.predict(rows)
        answers = self.model.predict_proba(rows)
        return list(answers.columns), answers

    def size(self) -> int:
        """Return the bytes of a clone that holds only what predictions need."""
        path = self.job.folder / "clone"
        self.model.clone_for_deployment(str(path))
        return folder_size(path)

    def notes(self) -> dict[str, Any]:
        """Return the chosen model and how many there are."""
        return {"best": self.model.model_best, "models": len(self.model.model_names())}
