"""The LightGBM family as data.

Reference: ranges around those of TabArena (Erickson et al., 2025) and pytabkit's tuned defaults
(Holzmüller et al., 2024, "Better by default"). The defaults for categories differ from LightGBM's
own (L2 10, 100 rows a group), which cost german_credit 0.02 of AUC and gave car_evaluation 0.043
for 0.030 of log loss, and changed adult and hotel_rates little.
"""

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Hyperparameter, Trait
from automl.families import trees
from automl.families.balance import CLASS_WEIGHT
from automl.families.pairs import PAIRS

SPEC = trees.spec(
    FamilyName.LIGHTGBM,
    "LightGBM",
    (
        Hyperparameter(
            name="learning_rate", type="float", low=0.005, high=0.3, log=True, default=0.05,
            description="how much each tree corrects",
        ),
        Hyperparameter(
            name="num_leaves", type="int", low=4, high=256, log=True, default=31,
            description="leaves of a tree",
        ),
        Hyperparameter(
            name="min_data_in_leaf", type="int", low=1, high=128, log=True, default=20,
            description="rows that a leaf needs; fewer where there are fewer than 20 times as many",
        ),
        Hyperparameter(
            name="feature_fraction", type="float", low=0.3, high=1.0, default=0.9,
            description="share of the features that a tree sees",
        ),
        Hyperparameter(
            name="bagging_fraction", type="float", low=0.5, high=1.0, default=1.0,
            description="share of the rows that a tree sees",
        ),
        Hyperparameter(
            name="lambda_l1", type="float", low=1e-8, high=10.0, log=True, default=1e-8,
            description="L1 penalty on the leaves",
        ),
        Hyperparameter(
            name="lambda_l2", type="float", low=1e-8, high=10.0, log=True, default=1e-8,
            description="L2 penalty on the leaves",
        ),
        Hyperparameter(
            name="extra_trees", type="categorical", choices=(False, True), default=False,
            description="draw thresholds at random",
        ),
        Hyperparameter(
            name="categories", type="categorical", choices=("native", "codes"), default="native",
            settled={Trait.NO_CATEGORIES: "codes"},
            description="split categories as sets, or by their codes as numbers",
        ),
        Hyperparameter(
            name="cat_smooth", type="float", low=0.1, high=100.0, log=True, default=10.0,
            when=("categories", ("native",)),
            description="pulls categories to the mean; rarer ones than this are not told apart",
        ),
        Hyperparameter(
            name="cat_l2",
            type="float",
            low=0.01,
            high=30.0,
            log=True,
            default=1.0,
            when=("categories", ("native",)),
            description="further L2 penalty on the leaves of a split by categories",
        ),
        Hyperparameter(
            name="min_data_per_group",
            type="int",
            low=2,
            high=100,
            log=True,
            default=20,
            when=("categories", ("native",)),
            description="rows that the categories sent to one side need",
        ),
        PAIRS,
        CLASS_WEIGHT,
        *trees.ROUNDS,
    ),
)  # fmt: skip
