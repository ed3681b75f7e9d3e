"""Packed files judged with the standard library alone, before what reads tables is loaded.

Of images the headers are judged, by Pillow.

Loading that takes longer than the judgement, and most of the memory of a refusal.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from automl.data.archive import archive
from automl.data.package import ZIP, Content, check_package
from automl.data.source import GZIP, check_gzip

if TYPE_CHECKING:
    from automl.data.survey import Survey


def refuse_bomb(path: Path, *, unpacked_limit: int) -> "Survey | None":
    """Return what an archive of images holds, None for all other files that are no bombs.

    Raises:
        DatasetUnreadable: a bomb, damaged, or a zip of nothing that is read.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == ZIP and check_package(path, unpacked_limit=unpacked_limit) is not Content.FILES:
        return None
    if found := archive(path, limit=unpacked_limit):
        from automl.data.survey import survey

        return survey(found)
    if magic.startswith(GZIP):
        check_gzip(path, unpacked_limit=unpacked_limit)
    return None
