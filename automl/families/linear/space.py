"""The linear family as data."""

from dataclasses import replace

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.core.learner import FamilySpec, View
from automl.families.balance import CLASS_WEIGHT
from automl.families.scaling import SCALING

SPEC = FamilySpec(
    name=FamilyName.LINEAR,
    title="Linear model",
    modalities=(Modality.TABLE, Modality.TEXT),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.SPARSE,
    space=(
        Hyperparameter(
            name="penalty",
            type="categorical",
            choices=("l2", "l1", "elastic_net"),
            default="l2",
            description="what keeps weights small: their squares, their sizes, or both",
        ),
        Hyperparameter(
            name="l1_ratio",
            type="float",
            low=0.05,
            high=0.95,
            default=0.5,
            when=("penalty", ("elastic_net",)),
            description="share of L1 in the elastic net",
        ),
        Hyperparameter(
            name="strength",
            type="categorical",
            choices=("path", "fixed"),
            default="path",
            description="path: strong to weak, the best on the validation rows; fixed: as in c",
        ),
        Hyperparameter(
            name="c",
            type="float",
            low=1e-5,
            high=1e4,
            log=True,
            default=1.0,
            when=("strength", ("fixed",)),
            description="inverse strength of the penalty, as scikit-learn's C",
        ),
        Hyperparameter(
            name="emphasis",
            type="categorical",
            choices=("none", "naive_bayes"),
            default="none",
            tasks=(TaskType.CLASSIFICATION,),
            modalities=(Modality.TEXT,),
            description="naive_bayes: what classes have in other shares may weigh more",
        ),
        CLASS_WEIGHT,
        *(replace(item, modalities=(Modality.TABLE,)) for item in SCALING),
    ),
)
