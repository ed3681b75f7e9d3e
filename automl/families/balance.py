"""How much each class counts: the same for every family that trains on classes."""

from automl.core.balance import ClassWeight
from automl.core.catalog import TaskType
from automl.core.hyperparameter import Hyperparameter, Trait

CLASS_WEIGHT = Hyperparameter(
    name="class_weight",
    type="categorical",
    choices=tuple(choice.value for choice in ClassWeight),
    default=ClassWeight.NONE.value,
    tasks=(TaskType.CLASSIFICATION,),
    settled={Trait.CHANCES_JUDGED: ClassWeight.NONE.value},
    description="Balanced: rare classes count as much as common ones. Tried by itself only where"
    " the metric is neither log_loss nor roc_auc.",
)
