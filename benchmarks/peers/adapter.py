"""What a system is to the benchmark, and what most of them have in common.

Everything here runs in the system's own environment, of which only numpy and pandas are expected;
nothing of a system is imported before ``prepare``.
"""

import pickle  # noqa: TID251 -- to know how large a peer's model is; nothing is read back
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """What is asked of a system; class labels are codes from 0, ``labels`` of them (or 0)."""

    target: str
    labels: int
    budget: float
    seed: int
    cores: int
    variant: str
    folder: Path

    @property
    def kind(self) -> str:
        """``binary``, ``multiclass`` or ``regression``."""
        return "regression" if not self.labels else "binary" if self.labels == 2 else "multiclass"


class Adapter(ABC):
    """One system. Only ``fit`` is its fit time; only ``predict`` its prediction time."""

    package: ClassVar[str]
    """The distribution whose version is the system's."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Others whose versions are worth knowing."""
    environment: ClassVar[str] = ""
    """The folder of its virtual environment; empty: the benchmark's own."""
    budgeted: ClassVar[bool] = True
    """Whether it knows a budget; else one run stands for all."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @classmethod
    def variables(cls, cores: int) -> dict[str, str]:
        """Return what is set in the environment of its process."""
        return dict.fromkeys(THREADS, str(cores))

    @abstractmethod
    def prepare(self, train: Path) -> None:
        """Import, start and read whatever comes before the fit."""

    @abstractmethod
    def fit(self) -> None:
        """Learn within the budget."""

    def ready(self) -> None:  # noqa: B027 -- most are
        """Bring the model into memory, as one would to serve it."""

    @abstractmethod
    def rows(self, test: Path) -> Any:
        """Return the test rows as ``predict`` wants them."""

    @abstractmethod
    def part(self, rows: Any, index: int) -> Any:
        """Return one row of them."""

    @abstractmethod
    def predict(self, rows: Any) -> tuple[list[Any], Any]:
        """Return the class codes of the columns, and ``(rows, classes)``; or [], and values."""

    @abstractmethod
    def size(self) -> int:
        """Return the model's bytes on disk."""

    def notes(self) -> dict[str, Any]:
        """Return what else should stand beside the figures."""
        return {}

    def close(self) -> None:  # noqa: B027 -- most have nothing to stop
        """Stop what was started."""


class Framed(Adapter):
    """A system that takes pandas frames and answers as scikit-learn's estimators do."""

    model: Any

    def prepare(self, train: Path) -> None:
        """Read the training rows."""
        from benchmarks.peers.frames import read

        self.x = read(train)
        target = self.x.pop(self.job.target)
        self.y = target.astype(int if self.job.labels else float)

    def rows(self, test: Path) -> Any:
        """Return the test rows with the training rows' kinds of columns."""
        from benchmarks.peers.frames import read

        return self.encoded(read(test, like=self.x))

    def encoded(self, frame: Any) -> Any:
        """Return the frame as the system wants it."""
        return frame

    def part(self, rows: Any, index: int) -> Any:
        """Return a frame of one row."""
        return rows.iloc[[index]]

    def predict(self, rows: Any) -> tuple[list[Any], Any]:
        """Return probabilities with their classes, or values."""
        if not self.job.labels:
            return [], self.model.predict(rows)
        return list(self.model.classes_), self.model.predict_proba(rows)

    def size(self) -> int:
        """Return the bytes of the pickled model."""
        return len(pickle.dumps(self.model))


def folder_size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
