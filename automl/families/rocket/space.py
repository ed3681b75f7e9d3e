"""What kernels for series serve and what the search may vary of them."""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View

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
            default=9_996,
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
