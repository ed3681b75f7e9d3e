"""The extra trees family as data.

Reference: Geurts, Ernst and Wehenkel (2006), "Extremely randomized trees".
"""

from automl.core.catalog import FamilyName, Modality, TaskType
from automl.core.learner import FamilySpec, View
from automl.families.trees import FOREST

SPEC = FamilySpec(
    name=FamilyName.EXTRA_TREES,
    title="Extra trees",
    modalities=(Modality.TABLE,),
    tasks=(TaskType.CLASSIFICATION, TaskType.REGRESSION),
    view=View.ORDINAL,
    space=FOREST,
    refit=True,
)
