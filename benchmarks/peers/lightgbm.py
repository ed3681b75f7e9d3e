"""LightGBM's defaults; text columns are categories of its own kind."""

from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Framed


class System(Framed):
    """One model of 100 trees."""

    package = "lightgbm"
    packages = ("pandas",)
    budgeted = False

    def prepare(self, train: Path) -> None:
        """Read the rows and their categories."""
        import lightgbm

        from benchmarks.peers.frames import levels

        super().prepare(train)
        self._levels = levels(self.x)
        kind = lightgbm.LGBMClassifier if self.job.labels else lightgbm.LGBMRegressor
        self.model = kind(n_jobs=self.job.cores, random_state=self.job.seed, verbose=-1)

    def fit(self) -> None:
        """Fit once."""
        self.model.fit(self.encoded(self.x), self.y)

    def encoded(self, frame: Any) -> Any:
        """Return the frame with categories; LightGBM refuses some characters in names."""
        from benchmarks.peers.frames import categorical

        renamed = categorical(frame, self._levels)
        return renamed.set_axis([f"c{i}" for i in range(renamed.shape[1])], axis=1)

    def size(self) -> int:
        """Return the bytes of its text format."""
        return len(self.model.booster_.model_to_string())
