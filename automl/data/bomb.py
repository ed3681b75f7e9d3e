"""Packed files judged with the standard library alone, before what reads tables is loaded.

Loading that takes longer than the judgement, and most of the memory of a refusal.
"""

from pathlib import Path

from automl.data.package import ZIP, check_package
from automl.data.source import GZIP, check_gzip


def refuse_bomb(path: Path, *, unpacked_limit: int) -> None:
    """Return if the file is not packed, or unpacks to what it may.

    Raises:
        DatasetUnreadable: a bomb, damaged, or a zip that is no workbook.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == ZIP:
        check_package(path, unpacked_limit=unpacked_limit)
    elif magic.startswith(GZIP):
        check_gzip(path, unpacked_limit=unpacked_limit)
