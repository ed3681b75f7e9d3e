"""An Excel workbook (.xlsx) as batches of text cells: one sheet, its first row of cells the names.

A workbook is a zip of XML: `automl.data.package` has looked at it before anything is unpacked.
"""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet

from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning
from automl.data.header import MOST_COLUMNS, column_names, name_warnings
from automl.data.package import Content, check_package, open_package
from automl.data.sheet import Book, Row, rows

_MOST_ROWS = 1 << 20
"""That is all that a sheet of Excel holds."""
_CELLS = 1 << 16
"""Cells held at once."""


@dataclass(slots=True)
class ExcelFile:
    """A file that was found to be a workbook, and the sheet of it that is read."""

    path: Path
    book: Book
    sheet: str
    names: tuple[str, ...]
    unnamed: tuple[int, ...]
    line: int
    notes: tuple[DataWarning, ...]
    most_cells: int
    faults: dict[str, int] = field(default_factory=dict)
    """Error cells by what they show; counted while the rows are read."""
    format: str = "xlsx"

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of those columns (None: all), named by position, at constant memory.

        Rows without any cell are left out.

        Raises:
            DatasetUnreadable: damaged, or cells beside the named columns.
        """
        self.faults.clear()
        wanted = range(len(self.names)) if columns is None else columns
        held: list[list[str]] = []
        for number, cells in _rows(self.path, self.sheet, self.book, self.most_cells, self.faults):
            if number < self.line or not cells:
                continue
            held.append(self._texts(cells, number))
            if len(held) * len(self.names) >= _CELLS:
                yield _batch(held, wanted)
                held = []
        if held:
            yield _batch(held, wanted)

    def warnings(self) -> tuple[DataWarning, ...]:
        """Return what a user should hear of the workbook, once its rows were read."""
        return (*self.notes, *self._of_faults(), *name_warnings(self.names, self.unnamed))

    def _of_faults(self) -> tuple[DataWarning, ...]:
        if not self.faults:
            return ()
        listed = ", ".join(f"{text} ({count:,})" for text, count in sorted(self.faults.items()))
        return (DataWarning("ERROR_CELLS", f"Cells with an error count as missing: {listed}."),)

    def _texts(self, cells: Row, number: int) -> list[str]:
        width = len(self.names)
        if len(cells) > width:
            beside = next(n for n, cell in enumerate(cells[width:], width + 1) if cell is not None)
            raise DatasetUnreadable(
                f"Row {number} has a cell in column {beside}, beside the {width} that the "
                "header names; name every column, or move notes to another sheet.",
                errors=(Detail("This column has no name.", line=number, column=beside),),
            )
        return [cell or "" for cell in cells] + [""] * (width - len(cells))


def open_excel(path: Path, *, unpacked_limit: int) -> ExcelFile:
    """Return how to read the workbook.

    Raises:
        DatasetUnreadable: no workbook, damaged, a bomb, or without a usable header.
    """
    if check_package(path, unpacked_limit=unpacked_limit) is not Content.WORKBOOK:
        raise DatasetUnreadable("This is a zip file and no workbook; a table is needed here.")
    filled: list[tuple[str, str, int, Row]] = []
    with open_package(path) as package:
        book, sheets = _book(package)
    for title, part in sheets:
        found = _rows(path, part, book, unpacked_limit, {})
        if (first := next(((n, row) for n, row in found if row), None)) is not None:
            filled.append((title, part, *first))
    if not filled:
        raise DatasetUnreadable(
            "The workbook has no cells; a row of column names and rows of data are needed."
        )
    title, part, line, row = filled[0]
    texts = [cell or "" for cell in row]
    while not texts[-1]:
        texts.pop()
    names, unnamed = column_names(texts, line)
    notes = () if len(filled) == 1 else (_several(title, [title for title, *_ in filled[1:]]),)
    return ExcelFile(path, book, part, names, unnamed, line + 1, notes, unpacked_limit)


def _several(title: str, others: Sequence[str]) -> DataWarning:
    listed = ", ".join(map(repr, others[:5]))
    message = f"Only the sheet {title!r} was read; left out: {listed}."
    return DataWarning("SEVERAL_SHEETS", message)


def _book(package: zipfile.ZipFile) -> tuple[Book, list[tuple[str, str]]]:
    """Return what the cells refer to, and the sheets' titles with the parts that they are in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that tell nothing here
        reader = ExcelReader(package.fp, read_only=True, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(package, reader.wb)
        sheets = [
            (sheet.name, rel.target)
            for sheet, rel in reader.parser.find_sheets()
            if rel.target in reader.valid_files and "chartsheet" not in rel.Type
        ]
    book = reader.wb
    # What openpyxl gives its own reader of sheets.
    dates, durations = book._date_formats, book._timedelta_formats  # noqa: SLF001
    return Book(reader.shared_strings, dates, durations, book.epoch), sheets


def _rows(
    path: Path, part: str, book: Book, most_cells: int, faults: dict[str, int]
) -> Iterator[tuple[int, Row]]:
    """Yield a sheet's rows with their numbers, from 1."""
    seen = 0
    with open_package(path) as package, package.open(part) as file:
        for number, row in rows(file, book, faults):
            seen += len(row)
            if number > _MOST_ROWS or len(row) > MOST_COLUMNS or seen > most_cells:
                raise DatasetUnreadable(
                    f"The sheet is larger than a sheet can be (row {number:,}); upload CSV."
                )
            yield number, row


def _batch(held: Sequence[Sequence[str]], columns: Sequence[int]) -> pa.RecordBatch:
    arrays = [pa.array([row[index] for row in held], pa.string()) for index in columns]
    return pa.RecordBatch.from_arrays(arrays, names=[str(index) for index in columns])
