"""scikit-learn's HistGradientBoosting, defaults; text as categories, large ones as codes."""

from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Framed

MOST = 255
"""The most categories that it takes as such."""


class System(Framed):
    """One model of at most 100 rounds."""

    package = "scikit-learn"
    packages = ("pandas",)
    budgeted = False

    def prepare(self, train: Path) -> None:
        """Read the rows and their categories."""
        from sklearn import ensemble

        from benchmarks.peers.frames import levels

        super().prepare(train)
        self._levels = levels(self.x)
        kind = (
            ensemble.HistGradientBoostingClassifier
            if self.job.labels
            else ensemble.HistGradientBoostingRegressor
        )
        self.model = kind(random_state=self.job.seed)

    def fit(self) -> None:
        """Fit once."""
        self.model.fit(self.encoded(self.x), self.y)

    def encoded(self, frame: Any) -> Any:
        """Return the frame with categories, or their codes where they are many."""
        from benchmarks.peers.frames import categorical

        typed = categorical(frame, self._levels)
        many = [name for name, known in self._levels.items() if len(known) > MOST]
        return typed.assign(**{name: _codes(typed[name]) for name in many})


def _codes(column: Any) -> Any:
    codes = column.cat.codes.astype(float)
    return codes.mask(codes < 0)
