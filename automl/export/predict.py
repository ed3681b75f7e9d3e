"""Score a CSV file, or arrays, with the model that lies beside this script.

    python predict.py rows.csv [model.onnx] > predictions.csv
    python predict.py rows.npz [model.onnx] > predictions.csv

A model of images, series or volumes takes an ``.npz`` file with the array ``X``, axes as in the
data it was trained on; any other takes a CSV file.

Needs numpy and onnxruntime, nothing else; it may be copied and used on its own. The rows are read
and the answers written exactly as the service does it: one line a row, the prediction and, for
classes, their probabilities. Columns may come in any order and there may be more of them. A class
that a spreadsheet would run as a formula is written with an apostrophe before it.
"""

import csv
import gzip
import io
import json
import math
import os
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.putenv("ORT_DISABLE_TELEMETRY", "1")  # else ONNX Runtime tells its makers of each model it opens
import onnxruntime

MARKERS = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""Missing in a numeric column, in any case."""
INFINITE = frozenset({"inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"})
TRUE = frozenset({"true", "yes", "t", "y", "1", "1.0"})
FALSE = frozenset({"false", "no", "f", "n", "0", "0.0"})
"""Both in any case, in a column of two such words."""
FLAGS = {"true": 1.0, "false": 0.0}
"""What a column of 0 and 1 takes besides numbers, in any case."""
SPACE = " \t\r\n\v\f\u00a0\u202f"
EXACT = 2.0**53
"""Beyond it whole numbers are not all floats: those written so are no numbers."""
NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
DELIMITERS = ",;\t|"
NONE = "\0"
"""Stands for the delimiter of a single column: no text holds it."""
SAID = re.compile(r'"?sep=([,;\t|])\1*"?(?:\r\n|\n|\r|\Z)', re.IGNORECASE)
"""The first line that names the delimiter for Excel."""
FORMULA = re.compile(
    r"[=+\-@\t\r\n＝＋－＠](?!\Z)(?!(?<=[+-])\s?(?=[.,]*[0-9])[0-9.,]+(?:[eE][+-]?[0-9]+)?\s?%?\Z)"
)
"""How text begins that a spreadsheet runs: not a mark alone, and not a number with its sign."""
BLOCK = 1024
"""Most rows at a time."""
SHARED = 2
"""And blocks come in multiples of so many,"""
LEAST = 64
"""but not for fewer rows than these."""
NUMBERS = 1 << 18
"""And no more than so many numbers of one input."""
ZIP = b"PK"
"""How an ``.npz`` file begins."""
SAMPLE = 1 << 18
MOST_RECORDS = 500

Table = dict[str, list[str]]


class Unusable(Exception):
    """The rows do not fit; the message says where and why."""


def main(arguments: Sequence[str]) -> int:
    """Print the predictions; returns the exit code."""
    if len(arguments) not in {1, 2}:
        sys.stderr.write("usage: python predict.py rows.csv|rows.npz [model.onnx]\n")
        return 2
    beside = Path(__file__).with_name("model.onnx")
    model = Path(arguments[1]) if len(arguments) > 1 else beside
    try:
        answer = score(model, Path(arguments[0]).read_bytes())
    except (Unusable, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(answer.encode())
    return 0


def score(model: Path, content: bytes) -> str:
    """Return the predictions for a file of rows as CSV.

    Raises:
        Unusable: a column is missing, a cell is of the wrong type, or the array of another shape.
    """
    options = onnxruntime.SessionOptions()
    # As the service runs it: more threads a block, or other blocks, would change the last digits.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    columns, classes = json.loads(facts["schema"]), json.loads(facts["classes"])
    names = [output.name for output in session.get_outputs()]
    entries = [entry.name for entry in session.get_inputs()]
    feeds = dict(zip(entries, cells_of(content, columns), strict=True))
    rows = len(next(iter(feeds.values())))
    widest = max(math.prod(cells.shape[1:]) for cells in feeds.values())
    size = block_of(rows, widest)

    def block(start: int) -> Any:
        some = {name: cells[start : start + size] for name, cells in feeds.items()}
        return session.run(names, some)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        blocks = list(threads.map(block, range(0, rows, size)))
    outputs = dict(zip(names, map(np.concatenate, zip(*blocks, strict=True)), strict=False))
    predictions = outputs["prediction"].tolist() if rows else []
    return written(
        predictions, outputs["probabilities"].tolist() if rows and classes else None, classes
    )


def block_of(rows: int, widest: int) -> int:
    """Return how many rows to score at a time, where a row has so many numbers at most."""
    blocks = min(-(-rows // LEAST), SHARED * -(-rows // (SHARED * BLOCK)))
    return max(1, min(-(-rows // max(1, blocks)), NUMBERS // max(1, widest)))


def cells_of(content: bytes, columns: Sequence[dict[str, Any]]) -> list[npt.NDArray[Any]]:
    """Return what the model takes of a file: an array for each of its inputs.

    Raises:
        Unusable: the file does not fit.
    """
    if columns[0]["cells"] == "array":
        return [array(content, columns[0])]
    if content.startswith(ZIP):
        raise Unusable("the model takes a table: give a CSV file")
    table = read(content)
    missing = [column["name"] for column in columns if column["name"] not in table]
    if missing:
        absent = ", ".join(map(repr, missing))
        raise Unusable(f"missing column: {absent}; leave its cells empty where it is unknown")
    return [feed(table[column["name"]], column) for column in columns]


def array(content: bytes, column: dict[str, Any]) -> npt.NDArray[Any]:
    """Return the array of an ``.npz`` file as the model takes it: ``(rows, *shape)``.

    Raises:
        Unusable: there is none, or it has another shape or other numbers.
    """
    name = column["name"]
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            members = {member.lower(): member for member in found.files}
            only = found.files[0] if len(found.files) == 1 else name
            given = found[members.get("x") or members.get("x_test") or only]
    except (ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile):
        raise Unusable(f"the model takes an .npz file with an array {name!r} in it") from None
    if given.dtype.kind not in "biuf":
        raise Unusable(f"{name!r} takes numbers, not {given.dtype}")
    return typed(shaped(given, column), column)


def shaped(given: npt.NDArray[Any], column: dict[str, Any]) -> npt.NDArray[Any]:
    """Return an array with an axis of one channel, or steps at the end, that it may lack.

    Raises:
        Unusable: it has another shape.
    """
    wanted, series = tuple(column["shape"]), column["kind"] == "series"
    channel = 0 if series else -1
    if given.ndim == len(wanted) and wanted[channel] == 1:
        given = np.expand_dims(given, 1 if series else -1)
    if series and given.ndim == 3 and given.shape[1] == wanted[0] and column["dtype"][0] == "f":
        lacking = max(0, wanted[1] - given.shape[2]) if given.shape[2] else 0
        ends = [(0, 0), (0, 0), (0, lacking)]
        given = np.pad(given.astype(np.float64), ends, constant_values=np.nan) if lacking else given
    if given.shape[1:] != wanted or not given.ndim:
        right, found = (" × ".join(["n", *map(str, axes)]) for axes in (wanted, given.shape[1:]))
        raise Unusable(f"{column['name']!r} takes arrays of {right}, not {found}")
    return given


def typed(given: npt.NDArray[Any], column: dict[str, Any]) -> npt.NDArray[Any]:
    """Return an array in the model's dtype: missing is NaN in series of floats and 0 in all else.

    Raises:
        Unusable: the dtype cannot hold its numbers.
    """
    dtype = np.dtype(column["dtype"])
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            fit = given.astype(dtype)
        missing = np.nan if column["kind"] == "series" else 0.0
        return np.where(np.isfinite(fit), fit, dtype.type(missing))
    if given.dtype.kind == "f":
        given = np.where(np.isfinite(given), given, 0)
    first, last = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    least, most = given.min(initial=0), given.max(initial=0)
    if least < first or most > last or (given != np.floor(given)).any():
        whole = f"whole numbers from {first} to {last}"
        raise Unusable(f"{column['name']!r} takes {whole} ({dtype.name})")
    return given.astype(dtype)


def written(
    predictions: Sequence[Any], shares: Sequence[Sequence[float]] | None, classes: Sequence[Any]
) -> str:
    """Return the columns ``prediction`` and ``probability_<class>`` as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["prediction", *(f"probability_{label}" for label in classes)])
    for label, share in zip(predictions, shares or [()] * len(predictions), strict=True):
        writer.writerow([inert(label), *share])
    return text.getvalue()


def inert(label: Any) -> Any:
    """Return a label that a spreadsheet shows and does not run (OWASP, CSV injection).

    >>> inert("=1+1"), inert("-5"), inert("- 50000."), inert("+"), inert(-1)
    ("'=1+1", '-5', '- 50000.', '+', -1)
    """
    return f"'{label}" if isinstance(label, str) and FORMULA.match(label) else label


def feed(cells: list[str], column: dict[str, Any]) -> npt.NDArray[Any]:
    """Return a column's cells as the model takes them: ``(rows, 1)``.

    Raises:
        Unusable: a cell of a numeric column is no number.
    """
    if column["cells"] == "string":
        return np.array([truth(cell, column) for cell in cells], dtype=object).reshape(-1, 1)
    values = []
    for row, cell in enumerate(cells):
        value = number(bare(cell, column), decimal_comma=column.get("decimal_comma", False))
        if value is None and column["kind"] == "boolean":
            value = FLAGS.get(cell.strip().casefold())
        if value is None:
            raise Unusable(f"row {row + 1}: {column['name']!r} takes a number, not {cell[:60]!r}")
        values.append(value)
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def truth(cell: str, column: dict[str, Any]) -> str:
    """Return what a boolean column of words has for the cell, however it is spelled here."""
    words = column.get("true"), column.get("false")
    if any(words) and cell not in words and cell not in column.get("words", ()):
        meaning = cell.strip().casefold()
        for word, spellings in zip(words, (TRUE, FALSE), strict=True):
            if word is not None and meaning in spellings:
                return str(word)
    return cell


def bare(cell: str, column: dict[str, Any]) -> str:
    """Return a number without its column's currency or per cent sign and thousands marks."""
    sign, thousands = re.escape(column.get("sign", "")), column.get("thousands", "")
    if not sign and not thousands:
        return cell
    mark = {" ": "[ \u00a0\u202f]", "'": "['’]"}.get(thousands, re.escape(thousands))
    groups = rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+|" if mark else ""
    part = r",\d+" if column["decimal_comma"] else r"\.\d+"
    match = re.fullmatch(
        rf"\s*([+-]?)\s*((?:{sign})?)\s*([+-]?)({groups}0|[1-9]\d*)((?:{part})?)\s*((?:{sign})?)\s*",
        cell,
        re.ASCII,
    )
    if match is None or (match[2] and match[6]) or (match[1] and match[3]):
        return cell
    return match[1] + match[3] + re.sub(r"\D", "", match[4]) + match[5]


def number(cell: str, *, decimal_comma: bool) -> float | None:
    """Return a cell's number, NaN where it is missing or infinite, None where it is none."""
    text = cell.strip(SPACE)
    plain = text
    if decimal_comma:
        plain = "x" if "." in text else text.replace(",", ".")
    if not NUMBER.fullmatch(plain):
        return math.nan if text.lower() in MARKERS | INFINITE else None
    value, digits = float(plain), plain.lstrip("+-")
    if abs(value) >= EXACT and digits.isdigit() and digits != str(int(EXACT)):
        return None  # beyond 2^53: the next whole number reads as that one
    return math.nan if math.isinf(value) else value


def read(content: bytes) -> Table:
    """Return the cells of a CSV file by column, as they stand in the file.

    Raises:
        Unusable: it has no header, or a row has more or fewer cells.
    """
    text = decoded(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    if said := SAID.match(text):
        delimiter, begin = said[1], said.end()
    else:
        delimiter, begin = likeliest(text), 0
    found = records(text, delimiter, begin=begin)
    header: list[str] = next((cells for _, cells, blank in found if not blank), [])
    names = [name.strip().lstrip("\ufeff") for name in header]
    if not any(names):
        raise Unusable("the file has no header line that names the columns")
    for index, name in enumerate(names):
        names[index] = name or free_name(index, names)
    rows: list[list[str]] = []
    for start, cells, blank in found:
        if blank and len(names) > 1:
            continue
        if len(cells) != len(names):
            line = 1 + text.count("\n", 0, start)
            raise Unusable(f"line {line} has {len(cells)} cells instead of {len(names)}")
        rows.append(cells)
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def decoded(content: bytes) -> str:
    """Return the text, in the encoding that its byte order mark or its bytes tell.

    Raises:
        Unusable: its letters are of no Western script; the service would tell of which.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    try:
        return content.decode()
    except UnicodeDecodeError:
        beside = sum(map(len, re.findall(rb"[\x80-\xff]{2,}", content)))
        if beside > 0.5 * len(re.findall(rb"[\x80-\xff]", content)):
            raise Unusable("the file is not UTF-8; save it as UTF-8") from None
        undefined = set(content) & {0x81, 0x8D, 0x8F, 0x90, 0x9D}
        return content.decode("latin-1" if undefined else "windows-1252")


def likeliest(text: str) -> str:
    """Return the delimiter that the rows fit best."""
    best: str = max((*DELIMITERS, NONE), key=lambda mark: (*fit(text, mark), mark == ","))
    return best


def fit(text: str, delimiter: str) -> tuple[float, int]:
    """Return how well the rows fit the header with that delimiter, and the header's width."""
    if delimiter == NONE:
        return (-1.0, 1)
    widths: list[int] = []
    try:
        for _, cells, blank in records(text[:SAMPLE], delimiter, final=len(text) <= SAMPLE):
            widths += [] if blank else [len(cells)]
            if len(widths) >= MOST_RECORDS:
                break
    except Unusable:
        widths.append(0)
    header, body = widths[:1], widths[1:]
    if header == [1]:
        return (-0.5, 1) if len(set(body)) == 1 and body[0] > 1 else (-2.0, 1)
    if not header or header == [0]:
        cells_ = text.split("\n", 1)[0].count(delimiter) + 1
        return (0.0, cells_) if cells_ > 1 else (-2.0, 0)
    return (sum(width == header[0] for width in body) / len(body) if body else 1.0, header[0])


def records(
    text: str, delimiter: str, *, final: bool = True, begin: int = 0
) -> Iterator[tuple[int, list[str], bool]]:
    """Yield each row's place from ``begin`` on, its cells and whether it is an empty line.

    A cell that begins with a quote ends with one, quotes inside it are doubled; a quote anywhere
    else is a plain character.

    Raises:
        Unusable: a quote is never closed, or text follows a closing one.
    """
    mark = re.escape(delimiter)
    cell = re.compile(
        rf'(?:"((?:[^"]++|"")*+)"|([^"\r\n{mark}][^\r\n{mark}]*+|))({mark}|\r\n|\n|\r|\Z)'
    )
    position = begin
    while position < len(text):
        start, cells = position, []
        while True:
            match = cell.match(text, position)
            if match is None:
                if not final:
                    return
                line = 1 + text.count("\n", 0, position)
                raise Unusable(f"line {line} holds a quote that is not closed, or text after one")
            quoted, plain, end = match.groups()
            position = match.end()
            if not final and not end:
                return
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            if end != delimiter:
                break
        yield start, cells, len(cells) == 1 and quoted is None and plain == ""


def free_name(index: int, names: Sequence[str]) -> str:
    """Return what a column without a name is called."""
    name = f"column_{index + 1}"
    while name in names:
        name += "_"
    return name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
