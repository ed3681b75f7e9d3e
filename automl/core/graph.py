"""A tensor program as plain data: what features, families and tasks become in the model file.

A ``Graph`` is written node by node with numpy arrays as constants; ``automl/export/onnx.py`` turns
it into an ONNX model. Names are numbered in order of creation, equal constants are stored once,
so the same calls always give the same bytes.

Operators are ONNX's (opset 18, ``ai.onnx.ml`` 3 unless a node needs more). Names of columns and
outputs are the users' and stay apart from the internal names, so a column may be called ``v0``.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

ML = "ai.onnx.ml"
"""The domain of trees and label encoders."""

MICROSOFT = "com.microsoft"
"""The domain of what ONNX lacks and every ONNX Runtime has: here the ``Tokenizer``."""


class ElementType(IntEnum):
    """ONNX's numbers for the types of tensors, as ``Cast`` wants them in ``to``."""

    FLOAT = 1
    UINT8 = 2
    INT32 = 6
    INT64 = 7
    STRING = 8
    BOOL = 9
    DOUBLE = 11


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of an ``If`` computes; its nodes may use all values from before it."""

    nodes: tuple["Node", ...]
    output: str


Plain = int | float | str | Sequence[int] | Sequence[float] | Sequence[str] | npt.NDArray[Any]
Attribute = Plain | Side


@dataclass(frozen=True, slots=True)
class Node:
    """One operator: attributes keep ONNX's names; lists of floats are float32 there."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    domain: str
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Sparse:
    """A matrix too wide to be written out: a few ``dense`` columns, then what its rows list.

    ``cells`` are pairs of values: places (n × k, int64, counted from ``start``, which is how many
    columns ``dense`` has) and amounts (n × k, float32). A place that is listed twice counts twice.
    """

    dense: str | None
    start: int
    cells: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Graph:
    """A program under construction. Values are known by the names that its methods return."""

    inputs: dict[str, tuple[npt.DTypeLike, tuple[int, ...]]] = field(default_factory=dict)
    """Input names to their dtype (``object`` for strings) and their shape behind the rows."""
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    """Output names to the internal values they show."""
    sparse: dict[str, Sparse] = field(default_factory=dict)
    """Names to matrices that are no values: only ``product`` knows what to do with them."""
    _digests: dict[str, str] = field(default_factory=dict)
    _shared: dict[Any, str] = field(default_factory=dict)
    _count: int = 0

    def input(
        self,
        name: str,
        cells: str,
        *,
        dtype: npt.DTypeLike = np.float64,
        shape: tuple[int, ...] = (),
    ) -> str:
        """Declare the input ``name`` and return its value.

        Args:
            name: of the column.
            cells: ``"number"`` (float64) or ``"string"``, both ``(n, 1)``, or ``"array"``.
            dtype: of an array.
            shape: of an array, without its rows.
        """
        match cells:
            case "number":
                self.inputs[name] = (np.float64, (1,))
            case "string":
                self.inputs[name] = (object, (1,))
            case _:
                self.inputs[name] = (dtype, shape)
        return f"i{list(self.inputs).index(name)}"

    def constant(self, array: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Return the name of a constant; object and str arrays become string tensors."""
        value = np.asarray(array, dtype=dtype)
        if value.dtype.kind in "OU":
            value = value.astype(object)
            # repr keeps ("a\0b", "c") and ("a", "b\0c") apart
            content = repr(value.ravel().tolist()).encode("utf-8", "backslashreplace")
        else:
            value = np.asarray(value, order="C")  # ascontiguousarray makes scalars (1,)
            content = value.tobytes()
        digest = hashlib.sha256(repr((value.dtype.str, value.shape)).encode() + content).hexdigest()
        if digest not in self._digests:
            name = f"c{len(self.constants)}"
            self._digests[digest] = name
            self.constants[name] = value
        return self._digests[digest]

    def node(self, op: str, *inputs: str, domain: str = "", **attributes: Attribute) -> str:
        """Append an operator with one output and return that output's name."""
        return self.nodes_out(op, *inputs, count=1, domain=domain, **attributes)[0]

    def nodes_out(
        self, op: str, *inputs: str, count: int, domain: str = "", **attributes: Attribute
    ) -> tuple[str, ...]:
        """Append an operator with ``count`` outputs and return their names."""
        index = self._count
        self._count += 1
        outputs = tuple(f"v{index}" if part == 0 else f"v{index}_{part}" for part in range(count))
        self.nodes.append(Node(op, inputs, outputs, domain, attributes))
        return outputs

    def shared(self, op: str, *inputs: str, domain: str = "", **attributes: Attribute) -> str:
        """Return what the same call gave before, else what ``node`` does: for what many want."""
        call = (op, inputs, domain, repr(attributes))
        if call not in self._shared:
            self._shared[call] = self.node(op, *inputs, domain=domain, **attributes)
        return self._shared[call]

    def rows(self) -> str:
        """Return how many rows the program is given: int64, of one element."""
        return self.shared("Shape", "i0", start=0, end=1)

    def either(self, condition: str, then: Callable[[], str], other: Callable[[], str]) -> str:
        """Append an ``If``: only one of two ways to the same value is taken, and return its name.

        Args:
            condition: one bool.
            then: writes the way that is taken where it is true, and returns the value.
            other: the other way; both give the same type, and this one tells it.
        """
        before = len(self.nodes)
        sides = []
        for write in (then, other):
            shared, self._shared = self._shared, dict(self._shared)
            value = write()
            sides.append(Side(tuple(self.nodes[before:]), value))
            del self.nodes[before:]
            self._shared = shared  # what one side has computed is known to no one else
        return self.node("If", condition, then_branch=sides[0], else_branch=sides[1])

    def lists(self, matrix: Sparse) -> str:
        """Return a name for a sparse matrix."""
        name = f"s{len(self.sparse)}"
        self.sparse[name] = matrix
        return name

    def product(self, x: str, weights: npt.NDArray[Any]) -> str:
        """Append x @ weights in float64 and return its name: n × columns.

        ``x`` is a float32 value or a sparse matrix; ``weights`` has a row for each column of it.
        """
        if x not in self.sparse:
            return self._dense_product(x, weights)
        matrix = self.sparse[x]
        terms = [self._listed_product(*cells, weights[matrix.start :]) for cells in matrix.cells]
        if matrix.dense is not None:
            terms.insert(0, self._dense_product(matrix.dense, weights[: matrix.start]))
        return terms[0] if len(terms) == 1 else self.node("Sum", *terms)

    def _dense_product(self, x: str, weights: npt.NDArray[Any]) -> str:
        x = self.node("Cast", x, to=ElementType.DOUBLE)
        return self.node("MatMul", x, self.constant(weights, np.float64))

    def _listed_product(self, places: str, amounts: str, weights: npt.NDArray[Any]) -> str:
        sums = []
        for column in weights.T:  # one by one: all at once would hold n × k × columns numbers
            found = self.node("Gather", self.constant(column, np.float32), places, axis=0)
            terms = self.node("Cast", self.node("Mul", found, amounts), to=ElementType.DOUBLE)
            sums.append(self.node("ReduceSum", terms, self.constant([1], np.int64), keepdims=1))
        return sums[0] if len(sums) == 1 else self.node("Concat", *sums, axis=1)

    def output(self, name: str, value: str) -> None:
        """Show an internal value under a public output name."""
        self.outputs[name] = value
