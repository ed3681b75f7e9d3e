"""The service from Python.

    from automl.client import Client
    study = Client("http://127.0.0.1:8000").fit("adult.csv", target="income", budget="5m")
    study.leaderboard(); study.report(); study.download("model.onnx"); study.predict("new.csv")

Light to import: whatever draws or reads arrays is loaded when it is used.
"""

from automl.client.answers import Dataset, Leaderboard, Model, Predictions, Report
from automl.client.client import Client
from automl.client.problems import DownloadCorrupt, ServiceError, StudyFailed, Unreachable
from automl.client.study import StudyHandle

__all__ = [
    "Client",
    "Dataset",
    "DownloadCorrupt",
    "Leaderboard",
    "Model",
    "Predictions",
    "Report",
    "ServiceError",
    "StudyFailed",
    "StudyHandle",
    "Unreachable",
]
