"""The CatBoost family as data.

Reference: Prokhorenkova et al. (2018), "CatBoost: unbiased boosting with categorical features";
ranges around those of TabArena (Erickson et al., 2025). Trees are symmetric only: others lose what
CatBoost is fast for.

Ten Newton steps to a leaf, as CatBoost takes for two classes: its leaves fit better, so fewer
rounds do. With one step, in two thirds of the time a round, training took longer and ended worse
(out of fold, 1 − AUC of phoneme 0.0455 for 0.0419, of german_credit 0.2128 for 0.2074). With
several classes the portfolio takes five (log loss of car_evaluation 0.013, with one 0.025).
"""

from automl.core.catalog import FamilyName, TaskType
from automl.core.hyperparameter import Hyperparameter
from automl.families import trees
from automl.families.balance import CLASS_WEIGHT
from automl.families.pairs import PAIRS

SPEC = trees.spec(
    FamilyName.CATBOOST,
    "CatBoost",
    (
        Hyperparameter(
            name="learning_rate", type="float", low=0.01, high=0.3, log=True, default=0.05,
            description="how much each tree corrects",
        ),
        Hyperparameter(
            name="depth", type="int", low=4, high=8, default=6,
            description="questions of a tree, which ends in two to that power leaves",
        ),
        Hyperparameter(
            name="l2_leaf_reg", type="float", low=0.1, high=30.0, log=True, default=3.0,
            description="L2 penalty on the leaves",
        ),
        Hyperparameter(
            name="random_strength", type="float", low=0.01, high=10.0, log=True, default=1.0,
            description="noise on the scores of splits, which fades with the rounds",
        ),
        Hyperparameter(
            name="subsample", type="float", low=0.5, high=1.0, default=0.8,
            description="share of the rows that a tree sees",
        ),
        Hyperparameter(
            name="rsm", type="float", low=0.3, high=1.0, default=1.0,
            description="share of the features that each level of a tree chooses from",
        ),
        Hyperparameter(
            name="border_count", type="categorical", choices=(32, 64, 128, 254), default=128,
            description="thresholds tried of each feature; fewer are faster",
        ),
        Hyperparameter(
            name="leaf_estimation_iterations", type="int", low=1, high=10, log=True, default=10,
            tasks=(TaskType.CLASSIFICATION,),
            description="Newton steps to a leaf's value",
        ),
        PAIRS,
        CLASS_WEIGHT,
        *trees.ROUNDS,
    ),
)  # fmt: skip
