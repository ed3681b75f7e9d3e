"""What a child loads before there is work: an Arrow that gives its memory back, and no pandas.

CatBoost alone needs pandas, and then gets it.
"""

import subprocess
import sys

import pytest
import torch
from structlog.testing import capture_logs

from workers.child import usable

CODE = """
import sys

from workers.child import warm_up

warm_up()
print("pandas" in sys.modules)

import pyarrow

print(pyarrow.default_memory_pool().backend_name)

from automl.core.catalog import FamilyName, TaskType
from automl.core.hyperparameter import defaults
from automl.families import spec
from automl.families.catboost import model
from tests.families import cases
from tests.families.watcher import Watcher

space = spec(FamilyName.CATBOOST).space
params = defaults(space) | {"max_rounds": 3}
fold = cases.fold(cases.Case(FamilyName.CATBOOST, TaskType.REGRESSION, 1), rows=60)
print(model.fit(params, fold, Watcher()).epochs > 0, "pandas" in sys.modules)

import optuna

print("redis" in sys.modules)
"""


def test_a_device_that_torch_cannot_reach_is_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with capture_logs() as logs:
        assert [usable(device) for device in ("cpu", "cuda", "cuda:0", "cuda:1")] == [
            "cpu",
            "cuda",
            "cuda:0",
            "cpu",
        ]
    assert [(line["event"], line["device"]) for line in logs] == [("device.absent", "cuda:1")]


def test_neither_pandas_is_loaded_nor_redis() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "system", "True", "False", "False"]
