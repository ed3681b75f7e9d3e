"""A file of this machine as a dataset, for studies without a service."""

import hashlib
import time
from pathlib import Path

from automl.core.schema import Dataset, Profile


def dataset(file: Path, profile: Profile) -> Dataset:
    """Return what was read of ``file`` as a dataset; neither file nor table are stored anywhere."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Dataset(
        id=file.name,
        tenant="default",
        name=file.stem,
        modality=profile.modality,
        format=profile.format,
        bytes=file.stat().st_size,
        sha256=digest,
        rows=profile.rows,
        columns=profile.columns,
        warnings=profile.warnings,
        created_at=time.time(),
        source="",
        table="",
    )
