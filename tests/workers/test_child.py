"""What a child loads before there is work: no pandas, which CatBoost alone needs and then gets."""

import subprocess
import sys

CODE = """
import sys

from workers.child import warm_up

warm_up()
print("pandas" in sys.modules)

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
"""


def test_pandas_is_loaded_for_catboost_alone() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True", "True"]
