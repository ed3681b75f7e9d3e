"""What is counted of a column while its cells stream by, in bounded memory."""

import heapq

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from automl.core.frame import Ints
from automl.data.hashing import Hashes, hash_strings
from automl.data.number import Numbers, Reading, parse
from automl.data.sketch import Digest, DistinctSketch

_THOUSANDS = r"^\s*[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\s*$"
_PRUNED = 1_000
"""Values still counted once there are too many to count all: the frequent ones came early."""


class NumberTally:
    """How the cells look as numbers, under one decimal mark."""

    def __init__(self) -> None:
        self.cells = 0
        self.infinite = 0
        self.min = np.inf
        self.max = -np.inf
        self.integral = True
        self.digest = Digest()

    def merge(self, other: "NumberTally") -> None:
        """Count what the other did."""
        self.cells += other.cells
        self.infinite += other.infinite
        self.min, self.max = min(self.min, other.min), max(self.max, other.max)
        self.integral = self.integral and other.integral
        self.digest.merge(other.digest)

    def add(
        self, values: pa.StringArray, counts: Ints, *, decimal_comma: bool
    ) -> npt.NDArray[np.uint8]:
        """Count the distinct ``values``; return how each is read."""
        numbers = parse(values, decimal_comma=decimal_comma)
        self.note(numbers, counts)
        return numbers.reading

    def note(self, numbers: Numbers, counts: Ints) -> None:
        """Count cells that were read already."""
        good = numbers.reading == Reading.NUMBER
        self.cells += int(counts[good].sum())
        self.infinite += int(counts[numbers.reading == Reading.INFINITE].sum())
        if good.any():
            found = numbers.values[good]
            self.digest.add(found, counts[good])
            self.min = min(self.min, float(found.min()))
            self.max = max(self.max, float(found.max()))
            self.integral = self.integral and bool(
                (found == np.floor(found)).all() and (np.abs(found) <= 2.0**53).all()
            )


class Tally:
    """One column's counts.

    ``values`` counts every distinct cell as long as there are at most ``most_values`` of them with
    at most ``most_bytes``; ``complete`` says whether that held.
    """

    def __init__(self, most_values: int, most_bytes: int) -> None:
        self.rows = 0
        self.empty = 0
        self.markers = 0
        self.other = 0
        """Cells that are a number under neither decimal mark."""
        self.pointed = False
        """Whether there are numbers with a decimal point."""
        self.commas = 0
        """Numbers with a decimal comma."""
        self.thousands = 0
        """Of those, cells such as 1,234, which may as well be 1234."""
        self.numbers = NumberTally()
        self.comma_numbers = NumberTally()
        self.strange: list[str] = []
        """The first cells that are no number."""
        self.values: dict[str, int] = {}
        self.complete = True
        self.characters = 0
        """In all cells together."""
        self.shortest: int | None = None
        """Characters of the shortest present cell."""
        self.longest = 0
        self.first: str | None = None
        self.last: str | None = None
        """The first and last present cell in the order of code points; not of numbers."""
        self.content = 0
        """A hash of all cells in their order."""
        self._most_values, self._most_bytes = most_values, most_bytes
        self._bytes = 0
        self._distinct = DistinctSketch()

    def add(self, cells: pa.StringArray) -> Hashes:
        """Count the cells, and return their hashes: ``(len(cells),)``."""
        encoded = cells.dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        values = encoded.dictionary
        counts = np.bincount(codes, minlength=len(values))
        self.rows += len(cells)
        self._add_numbers(values, counts)
        if self.other:
            self._add_texts(values, counts)
        hashes = hash_strings(values)
        self._add_values(values, counts, hashes)
        per_row: Hashes = hashes[codes]
        return per_row

    def distinct(self) -> int:
        """Return how many different cells there are, the empty one left out."""
        if self.complete:
            return len(self.values) - ("" in self.values)
        return min(self._distinct.count(), self.rows) - (self.empty > 0)

    def _add_numbers(self, values: pa.StringArray, counts: Ints) -> None:
        if self.other > 1_000 and self.other > 0.5 * self.rows:
            # No column of numbers; looking on would cost and tell nothing.
            empty = pc.equal(values, "").to_numpy(zero_copy_only=False)
            self.empty += int(counts[empty].sum())
            return
        reading = self.numbers.add(values, counts, decimal_comma=False)
        self.empty += int(counts[reading == Reading.EMPTY].sum())
        self.markers += int(counts[reading == Reading.MISSING].sum())
        if not self.pointed:
            point = pc.match_substring(values, ".").to_numpy(zero_copy_only=False)
            self.pointed = bool((point & (reading == Reading.NUMBER)).any())
        other = np.flatnonzero(reading == Reading.OTHER)
        if len(other):
            self._add_commas(pc.take(values, pa.array(other)), counts[other])

    def _add_commas(self, values: pa.StringArray, counts: Ints) -> None:
        comma = np.flatnonzero(pc.match_substring(values, ",").to_numpy(zero_copy_only=False))
        with_comma, their = pc.take(values, pa.array(comma)), counts[comma]
        reading = self.comma_numbers.add(with_comma, their, decimal_comma=True)
        grouped = pc.match_substring_regex(with_comma, _THOUSANDS).to_numpy(zero_copy_only=False)
        good = reading == Reading.NUMBER
        self.commas += int(their[good].sum())
        self.thousands += int(their[grouped].sum())
        strange = np.ones(len(values), dtype=bool)
        strange[comma[good]] = False
        self.other += int(counts[strange].sum())
        if len(self.strange) < 3:
            self.strange += pc.take(values, pa.array(np.flatnonzero(strange)[:3])).to_pylist()

    def _add_texts(self, values: pa.StringArray, counts: Ints) -> None:
        lengths = pc.utf8_length(values).to_numpy(zero_copy_only=False)
        present = lengths > 0
        if not present.any():
            return
        self.characters += int((lengths * counts).sum())
        shortest = int(lengths[present].min())
        self.shortest = shortest if self.shortest is None else min(shortest, self.shortest)
        self.longest = max(int(lengths.max()), self.longest)
        ends = pc.min_max(pc.filter(values, pa.array(present)))
        first, last = ends["min"].as_py(), ends["max"].as_py()
        self.first = first if self.first is None else min(first, self.first)
        self.last = last if self.last is None else max(last, self.last)

    def _add_values(self, values: pa.StringArray, counts: Ints, hashes: Hashes) -> None:
        if not self.complete:
            self._distinct.add(hashes)
            known = pc.is_in(values, value_set=pa.array(list(self.values), pa.string()))
            places = np.flatnonzero(known.to_numpy(zero_copy_only=False))
            values, counts = pc.take(values, pa.array(places)), counts[places]
        for value, count in zip(values.to_pylist(), counts.tolist(), strict=True):
            self.values[value] = self.values.get(value, 0) + count
        self._bytes += values.nbytes
        if self.complete and (
            len(self.values) > self._most_values or self._bytes > self._most_bytes
        ):
            self._settle()

    def _settle(self) -> None:
        """Find out what the bytes really are; where they are too many, count distinct by hash."""
        self._bytes = sum(map(len, self.values)) * 2
        if len(self.values) <= self._most_values and self._bytes <= self._most_bytes:
            return
        self.complete = False
        self._distinct.add(hash_strings(pa.array(list(self.values), pa.string())))
        cells = self.values.items()
        frequent = heapq.nsmallest(_PRUNED, cells, key=lambda item: (-item[1], item[0]))
        self.values = dict(frequent)
