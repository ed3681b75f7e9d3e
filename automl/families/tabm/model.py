"""Numbers as lines between bins, then an ensemble of members in one network.

Reference: Gorishniy, Kotelnikov and Babenko (2024), "TabM: advancing tabular deep learning with
parameter-efficient ensembling".
"""

from torch import nn

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.numbers import Numbered, PiecewiseLinear, after_codes
from automl.families.stack import Stack
from automl.families.tabm.layers import Members
from automl.families.tabm.space import NETWORK


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: encoded rows → float32 ``(rows, outputs)``.

    Weights come from torch's global random state, and bins from the rows it is shown first.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)
    modules, width = blocks.entry(params, layout)
    each = int(params["number_width"])
    if layout.numbers:
        lines = PiecewiseLinear(len(layout.numbers), bins=int(params["bins"]), outputs=each)
        numbered = Numbered(after_codes(layout), width, lines)
        modules.append(numbered)
        width = numbered.outputs
    members = Members(
        width,
        [int(params["width"])] * int(params["layers"]),
        outputs,
        members=int(params["members"]),
        dropout=float(params["dropout"]),
        grouped=(each, len(layout.numbers)),
    )
    return Stack(*modules, members)


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, network.children())
