"""What kernels for series serve and what the search may vary of them."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View

FEATURES = 9_996
MANY_ROWS = 2_520
"""Of more rows there are no more features than this: solving takes seconds, not minutes."""

MOST_CELLS = 50_000_000
"""And no more than these divided by the rows: so many take 400 MB in float64."""


def features(rows: int, wished: int = FEATURES) -> int:
    """Return how many features so many rows get: the ridge takes the cube of the fewer of both."""
    return wished if rows <= MANY_ROWS else min(wished, MANY_ROWS, MOST_CELLS // rows)


SPEC = FamilySpec(
    name=FamilyName.ROCKET,
    title="Convolution kernels",
    modalities=(Modality.SERIES,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.ARRAY,
    space=(
        Hyperparameter(
            name="features",
            type="int",
            low=5_000,  # fewer win by luck: one of 900 came first of 180 on 67 rows, and failed
            high=20_160,
            default=FEATURES,
            log=True,
            description="about how many shares of steps above a bias are taken, 84 a step",
        ),
        Hyperparameter(
            name="differences",
            type="categorical",
            choices=(False, True),
            default=False,
            description="whether half of the kernels see each step's change instead of the steps",
        ),
        Hyperparameter(
            name="draw",
            type="int",
            low=0,
            high=9,
            default=0,
            description="which draw of channels and of the rows that biases come from",
        ),
    ),
    refit=True,
)
