"""FLAML; the variant ``ensemble`` stacks what it found."""

from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Framed

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


class System(Framed):
    """One model, or a stack."""

    package = "flaml"
    packages = ("lightgbm", "catboost", "xgboost", "scikit-learn", "pandas")
    environment = "flaml"

    def prepare(self, train: Path) -> None:
        """Import and read."""
        from flaml import AutoML

        super().prepare(train)
        self.model = AutoML()

    def fit(self) -> None:
        """Search for as long as the budget."""
        self.model.fit(
            X_train=self.x,
            y_train=self.y.to_numpy(),
            task="classification" if self.job.labels else "regression",
            metric=METRICS[self.job.kind],
            time_budget=self.job.budget,
            n_jobs=self.job.cores,
            seed=self.job.seed,
            ensemble=self.job.variant == "ensemble",
            verbose=0,
        )
        if self.model.model is None:
            raise RuntimeError("it found no model within the budget")

    def notes(self) -> dict[str, Any]:
        """Return the chosen family."""
        return {"best": self.model.best_estimator}
