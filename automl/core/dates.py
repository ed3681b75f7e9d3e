r"""How dates are spelled: one set of expressions for recognizing, encoding and the model file.

They say the same to Python's ``re`` and to RE2, which ONNX Runtime's ``Tokenizer`` carries: no
look-around, no ``\d`` (Unicode there, ASCII here), no flags (each folds case in its own way).
"""


def _any_case(words: str) -> str:
    letters = "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in words)
    return f"(?:{letters})"


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

NAME = _any_case("|".join(MONTHS))
"""What tells the month where it is written as a word."""

_WORD = rf"{NAME}[A-Za-z]{{0,6}}\.?"
_WEEKDAY = rf"(?:{_any_case('mon|tue|wed|thu|fri|sat|sun')}[A-Za-z]{{0,6}}[.,]? +)?"
_DAY = (
    r"(?:[1-9][0-9]{3}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"  # 2024-01-31; 0001-01-01 means none
    r"|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})"  # 31/01/2024, 1.2.24
    rf"|{_WEEKDAY}(?:[0-9]{{1,2}}[-./ ]*{_WORD}[-./, ]*(?:[0-9]{{4}}|[0-9]{{2}})"  # 31 Jan 2024
    rf"|{_WORD} *[0-9]{{1,2}}(?:{_any_case('st|nd|rd|th')})?,? +[0-9]{{4}}))"  # January 31st, 2024
)
_CLOCK = r"(?:[Tt]|,? +)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
_HALF = r"(?: *[AaPp]\.?[Mm]\.?)?"
_ZONE = r"(?: *(?:[Zz]|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?))?"
_MONTH = r"[1-9][0-9]{3}[-/][0-9]{1,2}"  # 2024-01
_COMPACT = r"[0-9]{8}"  # 20240131
_SEPARATED = rf"{_DAY}(?:{_CLOCK}(?:[.,][0-9]{{1,9}})?{_HALF})?{_ZONE}|{_MONTH}"

SEPARATED = rf" *(?:{_SEPARATED}) *"
"""A whole cell with a year, a month, mostly a day, and maybe a time of day."""

COMPACT = rf" *{_COMPACT}(?:\.0*)? *"
"""A whole cell of eight digits, maybe turned into a float by some program."""

WRITTEN = rf"(?:{SEPARATED}|{COMPACT})"
"""Either."""

PREFIX = rf" *(?:{_DAY}(?:{_CLOCK})?|{_MONTH}|{_COMPACT})"
"""What of such a cell holds the year, month, day, hour, minute and second, and no other digits."""

HALF = r"[AaPp]\.?[Mm]"
"""Which half of the day the hours count."""

EPOCH = r" *-?[0-9]{1,15}(?:\.[0-9]*)? *"
"""A whole cell that counts seconds or milliseconds since 1970."""

NUMBER = r"-?[0-9]+"
DIGITS = r"[0-9]+"
