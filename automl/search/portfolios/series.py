"""The first candidates for series: kernels and other draws of them, networks where rows are many.

Kernels alone, in a second or two each: accuracy of gunpoint 0.993, of italy_power 0.960, osuleaf
0.950, basic_motions 1.0, japanese_vowels 0.995, wiimote_gesture 0.88, and with half of them on
changes 1.0, 0.968, 0.971, 1.0, 0.989 and 0.84. Which is better is the data's, so both come first.
"""

from collections.abc import Mapping
from types import MappingProxyType

from automl.core.catalog import FamilyName
from automl.core.hyperparameter import Value
from automl.core.study import Plan

Step = tuple[FamilyName, Mapping[str, Value]]

FEW = 300
"""With fewer rows networks are left out: what they reach out of fold there is mostly luck."""


def _kernels(**changes: Value) -> Step:
    return FamilyName.ROCKET, MappingProxyType(changes)


KERNELS = (
    _kernels(),
    _kernels(differences=True),
    _kernels(draw=1),
    _kernels(differences=True, draw=1),
)

NETWORKS: tuple[Step, ...] = (
    (FamilyName.INCEPTION, MappingProxyType({})),
    (FamilyName.RESNET, MappingProxyType({})),
    (FamilyName.RNN, MappingProxyType({})),
    (FamilyName.CNN, MappingProxyType({})),
)
"""On 450 of 640 japanese_vowels the log loss of kernels was 0.063, of inception 0.028, rnn 0.07,
resnet 0.12, cnn 0.13; on 700 of 1,096 of italy_power 0.081, 0.073, 0.103, 0.109, 0.092, but the
accuracy of resnet 0.977 for 0.970."""


def steps(plan: Plan) -> tuple[Step, ...]:
    """Return the first candidates' families, with what differs from their defaults."""
    return KERNELS if plan.rows < FEW else (*KERNELS, *NETWORKS)


def late(plan: Plan) -> frozenset[FamilyName]:
    """Return the families that are not worth their time on so few rows."""
    others = frozenset(plan.families) - {FamilyName.ROCKET}
    return others if plan.rows < FEW and len(others) < len(plan.families) else frozenset()
