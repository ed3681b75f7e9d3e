"""Recognizing dates and times by their spelling, in the forms that people and programs use."""

import re

_YEAR = r"(?:1[5-9]|2[0-2])\d\d"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s+)?"
_TIME = (
    r"(?:(?:T|\s+|,\s*)(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?"
    r"(?:\s*[ap]\.?m\.?)?(?:\s*(?:Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?))?)?"
)
_DATES = (
    rf"{_YEAR}(?P<a>[-/.]){_MONTH}(?P=a){_DAY}",  # 2024-01-31
    rf"{_DAY}(?P<b>[-/.]){_MONTH}(?P=b)(?:{_YEAR}|\d\d)",  # 31/01/2024
    rf"{_MONTH}(?P<c>[-/.]){_DAY}(?P=c)(?:{_YEAR}|\d\d)",  # 01/31/2024
    rf"{_DAY}[-\s./]*{_NAME}[-\s./,]*(?:{_YEAR}|\d\d)",  # 31 Jan 2024
    rf"{_NAME}\s*{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}",  # January 31, 2024
    rf"{_YEAR}[-/]{_MONTH}",  # 2024-01
)
_ANY = re.compile(rf"\s*{_WEEKDAY}(?:{'|'.join(_DATES)}){_TIME}\s*", re.IGNORECASE)


def is_date(text: str) -> bool:
    """Return whether the text is a date, with or without a time of day."""
    return len(text) <= 64 and _ANY.fullmatch(text) is not None
