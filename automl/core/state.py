"""A fitted thing as plain data: arrays by name and a JSON-safe header, never code.

Everything that is stored of fitted folds and checkpoints crosses as a ``State``;
``automl/training/archive.py`` turns one into safetensors bytes and back. Encoders are not stored:
the same rows fit the same encoder again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """``header`` must survive JSON; ``arrays`` are numpy arrays of plain numeric dtypes."""

    header: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def nest(parts: Mapping[str, State]) -> State:
    """Return one state that holds ``parts``; ``unnest`` gives them back. Names hold no '/'."""
    header = {name: part.header for name, part in parts.items()}
    arrays = {
        f"{name}/{key}": np.asarray(array, order="C")
        for name, part in parts.items()
        for key, array in part.arrays.items()
    }
    return State(header, arrays)


def unnest(state: State) -> dict[str, State]:
    """Return the parts that ``nest`` put together."""
    parts: dict[str, dict[str, npt.NDArray[Any]]] = {name: {} for name in state.header}
    for key, array in state.arrays.items():
        name, _, rest = key.partition("/")
        parts[name][rest] = array
    return {name: State(state.header[name], arrays) for name, arrays in parts.items()}
