"""Small CSV files for the tests of the data stage."""

from pathlib import Path

from automl.core.schema import Column, Profile
from automl.data import read


def put(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    """Write a file as it stands and return its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def take(
    folder: Path, content: str | bytes, *, media_type: str | None = None, limit: int = 1 << 30
) -> tuple[Profile, Path]:
    """Ingest a file of that content; return its profile and the canonical table."""
    out = folder / "table.parquet"
    source = put(folder, content)
    profile = read.ingest(
        source, name="data.csv", media_type=media_type, out=out, unpacked_limit=limit
    )
    return profile, out


def only(profile: Profile, name: str) -> Column:
    """Return the column of that name."""
    return next(column for column in profile.columns if column.name == name)


def codes(profile: Profile) -> set[str]:
    """Return the codes of the warnings."""
    return {warning.code for warning in profile.warnings}
