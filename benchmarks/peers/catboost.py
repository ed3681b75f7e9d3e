"""CatBoost's defaults; text columns are categories of its own kind."""

from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Framed


class System(Framed):
    """One model of 1,000 rounds."""

    package = "catboost"
    packages = ("pandas",)
    budgeted = False

    def prepare(self, train: Path) -> None:
        """Read the rows and find the categories."""
        import catboost

        from benchmarks.peers.frames import texts

        super().prepare(train)
        self._texts = texts(self.x)
        kind = catboost.CatBoostClassifier if self.job.labels else catboost.CatBoostRegressor
        self.model = kind(
            thread_count=self.job.cores,
            random_seed=self.job.seed,
            cat_features=self._texts,
            verbose=0,
            allow_writing_files=False,
        )

    def fit(self) -> None:
        """Fit once."""
        self.model.fit(self.encoded(self.x), self.y)

    def encoded(self, frame: Any) -> Any:
        """Return the frame with a word for missing text, which CatBoost does not take."""
        return frame.assign(**{name: frame[name].fillna("missing") for name in self._texts})

    def size(self) -> int:
        """Return the bytes of its binary format."""
        path = self.job.folder / "model.cbm"
        self.model.save_model(str(path))
        return path.stat().st_size
