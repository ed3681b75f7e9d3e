"""The decision tree family as data.

Reference: Breiman, Friedman, Olshen and Stone (1984), "Classification and regression trees".
"""

from dataclasses import replace

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter
from automl.families import trees
from automl.families.balance import CLASS_WEIGHT

SPEC = trees.spec(
    FamilyName.DECISION_TREE,
    "Decision tree",
    (
        Hyperparameter(
            name="max_leaf_nodes",
            type="int",
            low=4,
            high=4096,
            log=True,
            default=1024,
            description="Most leaves; as few are kept as serve the validation rows best",
        ),
        Hyperparameter(
            name="min_samples_leaf",
            type="int",
            low=1,
            high=256,
            log=True,
            default=8,
            description="Rows that a leaf needs",
        ),
        Hyperparameter(
            name="max_features",
            type="float",
            low=0.2,
            high=1.0,
            default=1.0,
            description="Share of the features that a split chooses from",
        ),
        trees.CRITERION,
        replace(trees.SMOOTHING, default=1.0),
        CLASS_WEIGHT,
    ),
)
