"""Column names: read from the first row, cleaned, and refused where two could be confused."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from automl.core.errors import DatasetUnreadable, Detail
from automl.core.schema import DataWarning

MOST_COLUMNS = 20_000
LONGEST_NAME = 1_000
_SHOWN = 8

_DECIMAL = re.compile(r"[+-]?\d*[.,]\d+(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
# Letters of other alphabets that look like Latin ones: Cyrillic, then Greek.
_TWINS = str.maketrans(
    "аеорсухіјѕԁһԛԝвкмнтгзАЕОРСУХІЈЅВКМНТΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορτυχκ",
    "aeopcyxijsdhqwbkmhtr3AEOPCYXIJSBKMHTABEZHIKMNOPTYXavoptyxk",
)


def column_names(cells: Sequence[str], line: int | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return one name a column, and which of them (from 0) had to be made up.

    White space around a name is dropped; a column without a name is called ``column_3``. ``line``
    is where the names stand; None in a format that keeps names apart from data.

    Raises:
        DatasetUnreadable: names that are equal, or look it, or no header at all.
    """
    if len(cells) > MOST_COLUMNS:
        raise DatasetUnreadable(
            f"The file has {len(cells):,} columns; at most {MOST_COLUMNS:,} are taken.",
            errors=(Detail("Too many columns.", line=line),),
        )
    names = [cleaned(cell) for cell in cells]
    if not any(names):
        raise DatasetUnreadable(
            "The header line names no column.", errors=(Detail("No column has a name.", line=line),)
        )
    long = [Detail("The name is too long.", line=line, column=index + 1)
            for index, name in enumerate(names) if len(name) > LONGEST_NAME]  # fmt: skip
    if long:
        raise DatasetUnreadable(
            f"Column names may have {LONGEST_NAME:,} characters; is a header line missing?",
            errors=tuple(long[:10]),
        )
    if line is not None:
        _refuse_data(names, line)
    unnamed = tuple(index for index, name in enumerate(names) if not name)
    for index in unnamed:
        names[index] = _free_name(index, names)
    _refuse_twins(names, line)
    return tuple(names), unnamed


def cleaned(name: str) -> str:
    """Return the name of a column as a dataset has it, for what a file or a user calls it."""
    return name.strip().lstrip("\ufeff")


def name_warnings(names: Sequence[str], unnamed: Sequence[int]) -> tuple[DataWarning, ...]:
    """Return what a user should hear of the names."""
    warnings = []
    if unnamed:
        listed = _listed([names[index] for index in unnamed])
        message = f"Columns without a name are called {listed}."
        warnings.append(DataWarning("UNNAMED_COLUMN", message))
    groups = [" / ".join(group) for group in lookalikes(names)]
    if groups:
        message = f"Column names that are easily confused: {_listed(groups)}."
        warnings.append(DataWarning("LOOKALIKE_NAMES", message))
    return tuple(warnings)


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_SHOWN])
    return shown if len(words) <= _SHOWN else f"{shown} and {len(words) - _SHOWN} more"


def lookalikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return groups of names that differ, but only in case, spaces or alphabet."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folded = unicodedata.normalize("NFKC", name).translate(_TWINS).casefold()
        groups[re.sub(r"[\s_-]+", "", _visible(folded))].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _refuse_data(names: Sequence[str], line: int) -> None:
    numbers = [name for name in names if _DECIMAL.fullmatch(name) or _WHOLE.fullmatch(name)]
    if len(numbers) == len(names) and any(_DECIMAL.fullmatch(name) for name in names):
        raise DatasetUnreadable(
            "The first line holds numbers, not names; add a header line that names the columns.",
            errors=(Detail("Here column names should stand.", line=line),),
        )


def _free_name(index: int, names: Sequence[str]) -> str:
    name = f"column_{index + 1}"
    while name in names:
        name += "_"
    return name


def _refuse_twins(names: Sequence[str], line: int | None) -> None:
    """Refuse names that no reader could tell apart: equal but for invisible characters."""
    first: dict[str, int] = {}
    errors = []
    for index, name in enumerate(names):
        seen = _visible(unicodedata.normalize("NFC", name))
        if seen in first:
            message = f"The name {seen!r} already stands in column {first[seen] + 1}."
            errors.append(Detail(message, line=line, column=index + 1))
        first.setdefault(seen, index)
    if errors:
        raise DatasetUnreadable(
            f"{errors[0].message} Give every column a name of its own (or add the header line, if "
            "the first line is data).",
            errors=tuple(errors[:10]),
        )


def _visible(name: str) -> str:
    kept = "".join(char for char in name if unicodedata.category(char) != "Cf")
    return re.sub(r"\s+", " ", kept).strip()
