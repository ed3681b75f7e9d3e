"""From a stream of cells to columns and warnings, in bounded memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from automl.core.catalog import ColumnKind, Modality
from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import Column, DataWarning, Profile
from automl.data.hashing import mix
from automl.data.kinds import decide
from automl.data.sketch import RepeatSketch
from automl.data.tabular import TableFile
from automl.data.tally import Tally

MOST_VALUES = 100_000
"""Distinct cells of a column that are counted exactly."""
_ALL_VALUES, _ALL_BYTES = 2_000_000, 128 << 20
"""The same over all columns."""
_FEW_ROWS = 50
_NAMED = 8

_MESSAGES = {
    "CONSTANT_COLUMN": "Constant columns tell nothing and are left out: {}.",
    "EMPTY_COLUMN": "Empty columns are left out: {}.",
    "ID_COLUMN": "Columns that only number or name the rows are left out: {}.",
    "INFINITE_VALUES": "Infinite numbers count as missing: {}.",
    "AMBIGUOUS_DATES": "Day and month may be the other way round: {}. Write dates as 2024-01-31 to "
    "be sure.",
    "UNREADABLE_DATES": "Dates in a form that gives no features yet: {}. Write them as 2024-01-31.",
    "THOUSANDS_SEPARATORS": "Read as text, since 1,234 may be 1.234 or 1234: {}. "
    "Write such numbers without separators.",
    "MIXED_DECIMAL_MARKS": "Read as text, since both 1.5 and 1,5 occur: {}.",
    "MOSTLY_NUMERIC": "Read as text, although most cells are numbers: {}. "
    "Declare them numeric to treat the other cells as missing.",
    "MIXED_TYPES": "Numbers and text in one column, read as text: {}. "
    "Declare such a column numeric if its numbers count: its other cells are missing then.",
    "MOSTLY_MISSING": "More than half of the cells are missing: {}.",
    "HIGH_CARDINALITY": "So many categories that few rows share one: {}.",
    "NUMBERS_AS_TEXT": "Kept as text, so that leading zeros and integers beyond 2^53 stay whole: "
    "{}.",
    "FORMATTED_NUMBERS": "Read as text, since their signs or separators can be read in several "
    "ways: {}. Write plain numbers to use their values.",
}


class Profiler:
    """Batches of cells in, a profile out."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        values = max(100, min(MOST_VALUES, _ALL_VALUES // len(names)))
        size = max(1 << 14, _ALL_BYTES // len(names))
        self._tallies = [Tally(values, size) for _ in names]
        self._repeats = RepeatSketch()
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch of rows."""
        whole = np.zeros(batch.num_rows, dtype=np.uint64)
        position = mix(np.arange(self.rows, self.rows + batch.num_rows, dtype=np.uint64))
        for tally, cells in zip(self._tallies, batch.columns, strict=True):
            hashes = tally.add(cells)
            tally.content = (tally.content + int(mix(hashes ^ position).sum())) % 2**64
            whole = mix(whole ^ hashes)
        self._repeats.add(whole)
        self.rows += batch.num_rows

    def finish(self, file: TableFile, modality: Modality | None = None) -> Profile:
        """Return the profile of all that was added, which came from ``file``.

        Args:
            file: the table.
            modality: table or text, where its user says so.

        Raises:
            DatasetUnreadable: it is no table of texts, and should be.
        """
        findings = [
            decide(name, tally) for name, tally in zip(self._names, self._tallies, strict=True)
        ]
        columns = tuple(finding.column for finding in findings)
        if modality is Modality.TEXT:
            columns = _with_text(columns)
        elif modality is None:
            modality = Modality.TEXT if _is_text(columns) else Modality.TABLE
        remarks: dict[str, list[str]] = defaultdict(list)
        for finding in findings:
            for code, words in finding.remarks.items():
                remarks[code].append(words)
        warnings = [*file.warnings(), *self._of_rows(), *self._of_twins(columns)]
        warnings += [DataWarning(code, text) for code, text in _messages(remarks).items()]
        return Profile(modality, file.format, self.rows, columns, tuple(warnings))

    def _of_rows(self) -> list[DataWarning]:
        warnings = []
        repeats = self._repeats.count()
        if repeats:
            about = "" if self._repeats.exact else "about "
            message = (
                f"{about}{repeats:,} of {self.rows:,} rows repeat another; copies are kept "
                "together when rows are split."
            )
            warnings.append(DataWarning("DUPLICATE_ROWS", message[0].upper() + message[1:]))
        if self.rows < _FEW_ROWS:
            rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
            message = f"Only {rows}: expect wide intervals."
            warnings.append(DataWarning("FEW_ROWS", message))
        return warnings

    def _of_twins(self, columns: Sequence[Column]) -> list[DataWarning]:
        """Return a warning of columns whose cells are all equal, row by row."""
        groups: dict[int, list[str]] = defaultdict(list)
        for column, tally in zip(columns, self._tallies, strict=True):
            if column.unique > 1:
                groups[tally.content].append(column.name)
        twins = [" = ".join(names) for names in groups.values() if len(names) > 1]
        if not twins:
            return []
        message = f"Columns with the same cells in every row: {_listed(twins)}."
        return [DataWarning("DUPLICATE_COLUMNS", message)]


def _is_text(columns: Sequence[Column]) -> bool:
    """Whether free text is the only column beside one other."""
    return len(columns) == 2 and [c.kind for c in columns].count(ColumnKind.TEXT) == 1


def _with_text(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns of what is said to be texts: the longest strings are, if none seem so."""
    used = [column for column in columns if column.kind is not ColumnKind.CONSTANT]
    strings = [column for column in used if column.lengths is not None]
    if len(used) != 2 or not strings:
        raise DatasetUnreadable(
            f"Texts are a table of two columns, one of text and one to predict; this has "
            f"{len(used)} that are not constant, {len(strings)} of them of text. Leave the others "
            "out, or upload it as a table.",
            errors=(Detail("no table of texts", field="modality"),),
        )
    if any(column.kind is ColumnKind.TEXT for column in strings):
        return tuple(columns)
    longest = max(strings, key=lambda column: column.lengths.mean if column.lengths else 0.0)
    return tuple(
        replace(column, kind=ColumnKind.TEXT, date=None) if column is longest else column
        for column in columns
    )


def _messages(remarks: Mapping[str, list[str]]) -> dict[str, str]:
    return {code: _MESSAGES[code].format(_listed(words)) for code, words in remarks.items()}


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_NAMED])
    return shown if len(words) <= _NAMED else f"{shown} and {len(words) - _NAMED} more"
