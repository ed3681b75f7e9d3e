"""Whole-number arithmetic that is written once and means an array or a graph.

``a // 400 + b`` on int64 arrays is numpy's; on a `Term` it appends nodes. What is not an operator
(``choose``, ``look_up``, ``real``) takes either. Division is of numbers from 0: below, ONNX rounds
towards 0 and Python down.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.core.graph import ElementType, Graph

Whole: TypeAlias = Any
"""An int64 array, a `Term` or an int; a truth value where compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """An int64 or bool value of a graph, n × 1."""

    graph: Graph
    value: str

    def __add__(self, other: Whole) -> "Term":
        """Return the sum."""
        return self._with("Add", other)

    def __sub__(self, other: Whole) -> "Term":
        """Return the difference."""
        return self._with("Sub", other)

    def __mul__(self, other: Whole) -> "Term":
        """Return the product."""
        return self._with("Mul", other)

    def __floordiv__(self, other: Whole) -> "Term":
        """Return the quotient, rounded down."""
        return self._with("Div", other)

    def __mod__(self, other: Whole) -> "Term":
        """Return the remainder."""
        return self._with("Mod", other)

    def __lt__(self, other: Whole) -> "Term":
        """Return where this is less."""
        return self._with("Less", other)

    def __gt__(self, other: Whole) -> "Term":
        """Return where this is more."""
        return self._with("Greater", other)

    def __le__(self, other: Whole) -> "Term":
        """Return where this is not more."""
        return self._with("LessOrEqual", other)

    def __ge__(self, other: Whole) -> "Term":
        """Return where this is not less."""
        return self._with("GreaterOrEqual", other)

    def __and__(self, other: "Term") -> "Term":
        """Return where both hold."""
        return self._with("And", other)

    def __or__(self, other: "Term") -> "Term":
        """Return where either holds."""
        return self._with("Or", other)

    def _with(self, op: str, other: Whole) -> "Term":
        return Term(self.graph, self.graph.node(op, self.value, self.name(other)))

    def name(self, other: Whole) -> str:
        """Return the value of a term, or that of a constant."""
        if isinstance(other, Term):
            return other.value
        return self.graph.constant(other, np.int64)


def choose(condition: Whole, yes: Whole, no: Whole) -> Whole:
    """Return ``yes`` where the condition holds, else ``no``."""
    if isinstance(condition, Term):
        values = condition.name(yes), condition.name(no)
        return Term(condition.graph, condition.graph.node("Where", condition.value, *values))
    return np.where(condition, yes, no)


def look_up(table: npt.NDArray[Any], index: Whole) -> Whole:
    """Return ``table[index]``."""
    if isinstance(index, Term):
        graph = index.graph
        return Term(graph, graph.node("Gather", graph.constant(table), index.value, axis=0))
    return table[index]


def real(value: Whole) -> Whole:
    """Return the whole numbers as float64."""
    if isinstance(value, Term):
        return Term(value.graph, value.graph.node("Cast", value.value, to=ElementType.DOUBLE))
    return np.asarray(value, np.float64)


def known(value: Whole, good: Whole) -> Whole:
    """Return a float64 ``value`` with NaN where it is not good."""
    if isinstance(value, Term):
        graph = value.graph
        nothing = graph.constant(np.nan, np.float64)
        return Term(graph, graph.node("Where", good.value, value.value, nothing))
    return np.where(good, value, np.nan)
