"""Numbers as waves, a factor for each column, then dense layers that start from the rows.

Reference: Holzmüller, Grinsztajn and Steinwart (2024), "Better by Default: strong pre-tuned MLPs
and boosted trees on tabular data".
"""

from torch import nn

from automl.core.graph import Graph
from automl.core.hyperparameter import Params
from automl.core.learner import Layout
from automl.families import blocks
from automl.families.dropout import Dropout
from automl.families.numbers import Numbered, Periodic, after_codes
from automl.families.realmlp.layers import Bend, Bounds, Dense, Front
from automl.families.realmlp.space import NETWORK
from automl.families.stack import Stack


def build(params: Params, layout: Layout, outputs: int) -> nn.Module:
    """Return the untrained network: encoded rows → float32 ``(rows, outputs)``.

    Weights come from torch's global random state, and are fitted to the rows it is shown first.

    Raises:
        TrialError: the candidate's numbers describe no network.
    """
    blocks.check(params, NETWORK)
    modules, width = blocks.entry(params, layout)
    if layout.numbers:
        waves = Periodic(len(layout.numbers), sigma=float(params["sigma"]))
        numbered = Numbered(after_codes(layout), width, waves)
        modules.append(numbered)
        width = numbered.outputs
    modules.append(Front(width))
    units = int(params["width"])
    for _ in range(int(params["layers"])):
        modules += (
            Dense(width, units),
            Bend(units, str(params["activation"])),
            Dropout(float(params["dropout"])),
        )
        width = units
    modules.append(Dense(width, outputs))
    if outputs == 1:
        modules.append(Bounds())
    return Stack(*modules)


def emit(graph: Graph, x: str, network: nn.Module) -> str:
    """Write the trained network's forward pass (logits or values) to ``graph``."""
    return blocks.emit(graph, x, network.children())
