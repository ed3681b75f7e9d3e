"""The random forest family as data.

Reference: Breiman (2001), "Random forests".
"""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.learner import FamilySpec, View
from automl.families.trees import FOREST

SPEC = FamilySpec(
    name=FamilyName.RANDOM_FOREST,
    title="Random forest",
    modalities=(Modality.TABLE,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.ORDINAL,
    space=FOREST,
    refit=True,
)
