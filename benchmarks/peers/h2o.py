"""H2O AutoML; its Java server starts before the fit, and takes the rows there too, as ours does."""

from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Framed, folder_size

METRICS = {"binary": "AUC", "multiclass": "logloss", "regression": "RMSE"}


class System(Framed):
    """The leader of a run."""

    package = "h2o"
    packages = ("pandas",)
    environment = "h2o"
    _h2o: Any = None

    def prepare(self, train: Path) -> None:
        """Start the server and give it the rows."""
        import h2o
        from h2o.automl import H2OAutoML

        from benchmarks.peers.frames import texts

        super().prepare(train)
        (self.job.folder / "ice").mkdir()
        h2o.init(
            nthreads=self.job.cores,
            max_mem_size="8G",
            ice_root=str(self.job.folder / "ice"),
            bind_to_localhost=True,
            verbose=False,
        )
        h2o.no_progress()
        self._h2o = h2o
        names = set(texts(self.x)) | ({self.job.target} if self.job.labels else set())
        self._types = {
            name: "enum" if name in names else "numeric" for name in [*self.x, self.job.target]
        }
        self._frame = self._given(self.x.assign(**{self.job.target: self.y}))
        self.model = H2OAutoML(
            max_runtime_secs=int(self.job.budget),
            seed=self.job.seed + 1,
            sort_metric=METRICS[self.job.kind],
            verbosity=None,
        )

    def fit(self) -> None:
        """Search for as long as the budget."""
        self.model.train(x=list(self.x), y=self.job.target, training_frame=self._frame)
        if self.model.leader is None:
            raise RuntimeError("it found no model within the budget")

    def _given(self, frame: Any) -> Any:
        path = self.job.folder / "given.csv"
        frame.to_csv(path, index=False)
        return self._h2o.import_file(str(path), col_types=[self._types[name] for name in frame])

    def predict(self, rows: Any) -> tuple[list[Any], Any]:
        """Send the rows and fetch the leader's answers."""
        answers = self.model.leader.predict(self._given(rows)).as_data_frame()
        if not self.job.labels:
            return [], answers["predict"]
        columns = [name for name in answers if name != "predict"]
        return [name.removeprefix("p") for name in columns], answers[columns]

    def size(self) -> int:
        """Return the bytes of the leader's file."""
        folder = self.job.folder / "model"
        return folder_size(Path(self._h2o.save_model(self.model.leader, path=str(folder))))

    def notes(self) -> dict[str, Any]:
        """Return the leader and how many there are."""
        return {"best": self.model.leader.model_id, "models": self.model.leaderboard.nrows}

    def close(self) -> None:
        """Stop the server."""
        if self._h2o is not None:
            self._h2o.cluster().shutdown()
