"""The registries: every name the system knows, one enum each.

A member's value is the file or folder that implements it, the JSON value, the database value and
the heading on a page. Adding a family, task, metric or format is one member here and one file.
"""

from enum import StrEnum


class Modality(StrEnum):
    """What a dataset holds."""

    TABLE = "table"
    IMAGE = "image"
    TEXT = "text"
    """A table whose only input is free text."""
    SERIES = "series"
    VOLUME = "volume"

    @property
    def arrays(self) -> bool:
        """Whether its rows are arrays of one shape rather than cells in columns."""
        return self in (Modality.IMAGE, Modality.SERIES, Modality.VOLUME)


class ColumnKind(StrEnum):
    """What the cells of a column mean."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    TEXT = "text"
    ID = "id"
    CONSTANT = "constant"
    IMAGE = "image"
    """Cells are arrays, height × width, perhaps × channels."""
    SERIES = "series"
    """Cells are arrays, channels × steps, of which the last may be missing."""
    VOLUME = "volume"
    """Cells are arrays, depth × height × width, perhaps × channels."""

    @property
    def array(self) -> bool:
        """Whether cells are arrays."""
        return self in (ColumnKind.IMAGE, ColumnKind.SERIES, ColumnKind.VOLUME)


class TaskType(StrEnum):
    """What is predicted; one file each in ``automl/tasks``."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class MetricName(StrEnum):
    """How predictions are judged; one function each in ``automl/core/metric.py``."""

    ROC_AUC = "roc_auc"
    LOG_LOSS = "log_loss"
    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"
    F1 = "f1"
    F1_MACRO = "f1_macro"
    PRECISION = "precision"
    RECALL = "recall"
    AVERAGE_PRECISION = "average_precision"
    RMSE = "rmse"
    MAE = "mae"
    R2 = "r2"
    MAPE = "mape"
    RMSLE = "rmsle"


class FamilyName(StrEnum):
    """Kinds of models; one folder each in ``automl/families``."""

    LINEAR = "linear"
    DECISION_TREE = "decision_tree"
    RANDOM_FOREST = "random_forest"
    EXTRA_TREES = "extra_trees"
    LIGHTGBM = "lightgbm"
    CATBOOST = "catboost"
    MLP = "mlp"
    RESNET = "resnet"
    REALMLP = "realmlp"
    TABM = "tabm"
    FT_TRANSFORMER = "ft_transformer"
    CNN = "cnn"
    DENSENET = "densenet"
    TRANSFORMER = "transformer"
    ROCKET = "rocket"
    RNN = "rnn"
    INCEPTION = "inception"
    EMBEDDING_BAG = "embedding_bag"
    TEXT_CNN = "text_cnn"


class ExportFormat(StrEnum):
    """What a model is handed out as; one file each in ``automl/export``."""

    ONNX = "onnx"
    BUNDLE = "bundle"
    REPORT = "report"

    @property
    def media_type(self) -> str:
        """What the file's bytes are."""
        match self:
            case ExportFormat.ONNX:
                return "application/octet-stream"
            case ExportFormat.BUNDLE:
                return "application/zip"
            case ExportFormat.REPORT:
                return "application/json"

    @property
    def suffix(self) -> str:
        """How the file's name ends, without the dot."""
        match self:
            case ExportFormat.ONNX:
                return "onnx"
            case ExportFormat.BUNDLE:
                return "zip"
            case ExportFormat.REPORT:
                return "json"


class ValidationStrategy(StrEnum):
    """How rows are held back to judge candidates."""

    AUTO = "auto"
    HOLDOUT = "holdout"
    KFOLD = "kfold"
    TIME = "time"
    GROUP = "group"


class StudyStatus(StrEnum):
    """Where a study is in its life."""

    QUEUED = "queued"
    """Accepted; no worker has started it."""
    RUNNING = "running"
    """Candidates are asked and evaluated."""
    PAUSED = "paused"
    """Held by its owner; paused time is not budget time."""
    FINALIZING = "finalizing"
    """The search is over; the ensemble is built, exported and checked."""
    SUCCEEDED = "succeeded"
    """Ended with a model."""
    FAILED = "failed"
    """Ended without one, for the reason in ``error``."""
    CANCELLED = "cancelled"
    """Stopped by its owner; the best model so far, where there was one, is published."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen unless the study is resumed."""
        return self in (StudyStatus.SUCCEEDED, StudyStatus.FAILED, StudyStatus.CANCELLED)


class TrialState(StrEnum):
    """Where a trial is in its life."""

    WAITING = "waiting"
    """Given back by a worker; the next free one goes on from its checkpoint."""
    RUNNING = "running"
    """Held by a worker under a lease."""
    COMPLETE = "complete"
    """Evaluated at full fidelity; the only state with a value."""
    PRUNED = "pruned"
    """Stopped early because others were better at the same rung."""
    FAILED = "failed"
    """Ended without a result, for the reason on its row."""
    CANCELLED = "cancelled"
    """Stopped because its study ended first."""

    @property
    def ended(self) -> bool:
        """Whether the trial has its one terminal outcome."""
        return self not in (TrialState.WAITING, TrialState.RUNNING)


class TrialFailure(StrEnum):
    """Why a trial failed."""

    NON_FINITE_LOSS = "NON_FINITE_LOSS"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    TIME_LIMIT = "TIME_LIMIT"
    WORKER_LOST = "WORKER_LOST"
    WORKER_CRASH = "WORKER_CRASH"
    DISK_FULL = "DISK_FULL"
    INVALID_CANDIDATE = "INVALID_CANDIDATE"
    INTERNAL = "INTERNAL"


class StudyFailure(StrEnum):
    """Why a study failed."""

    NO_TRIAL_COMPLETED = "NO_TRIAL_COMPLETED"
    DATASET_UNUSABLE = "DATASET_UNUSABLE"
    EXPORT_FAILED = "EXPORT_FAILED"
    NO_WORKER = "NO_WORKER"
    DISK_FULL = "DISK_FULL"
    INTERNAL = "INTERNAL"


class EventType(StrEnum):
    """What can happen in a study's life; folding its events gives its state."""

    STUDY_QUEUED = "study.queued"
    STUDY_STARTED = "study.started"
    STUDY_PLAN = "study.plan"
    STUDY_BEST = "study.best"
    STUDY_PAUSED = "study.paused"
    STUDY_RESUMED = "study.resumed"
    STUDY_FINALIZING = "study.finalizing"
    STUDY_SUCCEEDED = "study.succeeded"
    STUDY_FAILED = "study.failed"
    STUDY_CANCELLED = "study.cancelled"
    TRIAL_STARTED = "trial.started"
    TRIAL_EPOCH = "trial.epoch"
    TRIAL_COMPLETED = "trial.completed"
    TRIAL_PRUNED = "trial.pruned"
    TRIAL_FAILED = "trial.failed"
    TRIAL_CANCELLED = "trial.cancelled"
    TRIAL_RELEASED = "trial.released"
    TRIAL_RETRIED = "trial.retried"
    WORKER_LOST = "worker.lost"
