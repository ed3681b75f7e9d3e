r"""How dates are spelled: one set of expressions for recognizing, encoding and the model file.

They say the same to Python's ``re`` and to RE2, which ONNX Runtime's ``Tokenizer`` carries: no
look-around, no ``\d`` (Unicode there, ASCII here).
"""

_SEPARATED = (
    r"(?:[1-9][0-9]{3}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"  # 2024-01-31; 0001-01-01 means none
    r"|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2}))"  # 31/01/2024, 1.2.24
)
_CLOCK = r"(?:(?:[Tt]|,? +)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?"
_FRACTION = r"(?:[.,][0-9]{1,9})?"
_HALF = r"(?: *[AaPp]\.?[Mm]\.?)?"
_ZONE = r"(?: *(?:[Zz]|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?))?"
_MONTH = r"[1-9][0-9]{3}[-/][0-9]{1,2}"  # 2024-01
_COMPACT = r"[0-9]{8}"  # 20240131

SEPARATED = rf" *(?:{_SEPARATED}{_CLOCK}{_FRACTION}{_HALF}{_ZONE}|{_MONTH}) *"
"""A whole cell with a year, a month, mostly a day, and maybe a time of day."""

WRITTEN = rf" *(?:{_SEPARATED}{_CLOCK}{_FRACTION}{_HALF}{_ZONE}|{_MONTH}|{_COMPACT}) *"
"""The same, or eight digits."""

PREFIX = rf" *(?:{_SEPARATED}{_CLOCK}|{_MONTH}|{_COMPACT})"
"""What of such a cell holds the year, month, day, hour, minute and second, and no other digits."""

HALF = r"[AaPp]\.?[Mm]"
"""Which half of the day the hours count."""

EPOCH = r" *-?[0-9]{1,15}(?:\.[0-9]*)? *"
"""A whole cell that counts seconds or milliseconds since 1970."""

NUMBER = r"-?[0-9]+"
DIGITS = r"[0-9]+"
