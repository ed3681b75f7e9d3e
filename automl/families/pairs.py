"""Whether trees get sums, differences, products and ratios of two columns beside the columns.

A family puts `PAIRS` into its space and need not look at it: the search hands out rows with them.
"""

from automl.core.hyperparameter import Hyperparameter, Params, Trait

PAIRS = Hyperparameter(
    name="pairs",
    type="categorical",
    choices=(False, True),
    default=True,
    settled={Trait.NO_PAIRS: False},
    absent=False,
    description="add sums, differences, products and ratios of two columns that tell more",
)


def pairs_of(params: Params) -> bool:
    """Return whether a candidate wants them; not where its family leaves it out."""
    return bool(params.get("pairs", False))
