"""How numbers reach a family that sees `View.ONE_HOT`: the same for every such family.

A family puts `SCALING` into its space and need not look at it: the search hands out rows scaled so.
"""

from automl.core.hyperparameter import Hyperparameter, Params, Space
from automl.core.learner import Scaling

SCALING: Space = (
    Hyperparameter(
        name="scaling",
        type="categorical",
        default=Scaling.ROBUST.value,
        choices=tuple(scaling.value for scaling in Scaling),
        description="How numbers are brought to one size.",
    ),
)


def scaling_of(params: Params) -> Scaling:
    """Return the scaling a candidate wants; the default where its family leaves it out."""
    return Scaling(str(params.get("scaling", Scaling.ROBUST)))
