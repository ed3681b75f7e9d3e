"""A bundle opened again: its networks as torch modules, and predictions from its model file."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from typing_extensions import override

from automl import families
from automl.core.catalog import FamilyName
from automl.core.errors import ArtifactCorrupt, InvalidRows
from automl.core.hyperparameter import Params
from automl.core.learner import NetworkFamily
from automl.core.report import Report
from automl.data.rows import from_array, from_json
from automl.export import bundle
from automl.export.scoring import Scorer, Scores
from automl.training import archive, network

if TYPE_CHECKING:
    from torch import nn

Rows: TypeAlias = Sequence[Mapping[str, object]]
Columns: TypeAlias = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True, eq=False)
class BundleMember:
    """A trial in the ensemble.

    ``networks`` are its trained folds where it is a network, else empty; each takes float32
    ``(rows, features)`` as named by ``features``, or ``(rows, *shape)`` where rows are arrays,
    channels first, and gives logits or standardized values.
    """

    trial: int
    family: FamilyName
    weight: float
    params: Params
    networks: tuple["nn.Module", ...]
    features: tuple[tuple[str, ...], ...]
    shape: tuple[int, ...] = ()

    @override
    def __repr__(self) -> str:
        """Return a line for a notebook: networks and the names of their features fill screens."""
        told = f"<member: trial {self.trial}, {self.family}, weight {self.weight:.3g}"
        if not self.networks:
            return f"{told}>"
        taken = "×".join(map(str, self.shape)) or f"{max(map(len, self.features))} features"
        return f"{told}, networks: {len(self.networks)} of {taken}>"


class Bundle:
    """What ``automl.load`` gives back."""

    def __init__(self, path: Path) -> None:
        """Open the zip; nothing in it can carry code.

        Raises:
            ArtifactCorrupt: this is no bundle.
        """
        try:
            with zipfile.ZipFile(path) as zipped:
                self._scorer = Scorer(zipped.read(bundle.MODEL))
                self.report = cast("Report", json.loads(zipped.read(bundle.REPORT)))
                self._described: list[dict[str, Any]] = json.loads(zipped.read(bundle.MEMBERS))
                names = [name for item in self._described for name in item["weights"]]
                self._weights = {name: zipped.read(name) for name in names}
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise ArtifactCorrupt(f"{path.name} is no bundle of this service: {error}") from error

    @cached_property
    def members(self) -> tuple[BundleMember, ...]:
        """The members of the ensemble, networks rebuilt; the first use imports torch."""
        return tuple(self._member(item) for item in self._described)

    def predict(self, rows: Rows | Columns | Any) -> Scores:
        """Return predictions and probabilities for new rows.

        Args:
            rows: a list of mappings of cells by column, a mapping of columns to cells, or a pandas
                DataFrame. None and NaN are missing cells; more columns do no harm. Images, series
                and volumes: an array ``(rows, *shape)``, axes as in the dataset.

        Raises:
            InvalidRows: a column is missing, or a cell has the wrong type; names both.
        """
        inputs = self._scorer.inputs
        arrays = inputs[0].cells == "array"
        if arrays and isinstance(rows, Mapping) and inputs[0].name in rows:
            rows = rows[inputs[0].name]
        if arrays and not _named(rows):
            return self._scorer.predict(from_array(rows, inputs))
        return self._scorer.predict(from_json(_rows(rows), inputs))

    def _member(self, item: Mapping[str, Any]) -> BundleMember:
        family = FamilyName(item["family"])
        states = [archive.unpack(self._weights[name]) for name in item["weights"]]
        model = cast("NetworkFamily", families.model(family)) if states else None
        networks = [network.load(model, state).network for state in states if model is not None]
        return BundleMember(
            trial=item["trial"],
            family=family,
            weight=item["weight"],
            params=item["params"],
            networks=tuple(networks),
            features=tuple(map(tuple, item["features"])),
            shape=tuple(item.get("shape", ())),
        )


def load(path: str | Path) -> Bundle:
    """Return an opened bundle.

    Raises:
        ArtifactCorrupt: this is no bundle.
    """
    return Bundle(Path(path))


def _named(rows: Any) -> bool:
    """Whether cells come by their column's name, rather than as an array of all rows."""
    return isinstance(rows, Mapping) or (
        not hasattr(rows, "dtype") and any(isinstance(row, Mapping) for row in rows)
    )


def _rows(given: Any) -> Rows:
    """Return rows of cells; numpy's scalars and pandas' missing marks become Python's."""
    if hasattr(given, "to_dict") and hasattr(given, "columns"):  # a DataFrame of any library's kind
        given = {str(name): given[name].tolist() for name in given.columns}
    if not isinstance(given, Mapping):
        return [{str(name): _cell(cell) for name, cell in row.items()} for row in given]
    lengths = {len(cells) for cells in given.values()}
    if len(lengths) > 1:
        raise InvalidRows(f"The columns differ in length: {sorted(lengths)}; make them equal.")
    columns = [[_cell(cell) for cell in cells] for cells in given.values()]
    return [dict(zip(given, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _cell(cell: Any) -> object:
    if isinstance(cell, np.ndarray) and cell.ndim:  # of one row
        return cell
    plain = cell.item() if hasattr(cell, "item") else cell
    if plain is None or isinstance(plain, (str, bool, int, float)):
        return plain
    known = plain == plain  # noqa: PLR0124 -- NaT is not equal to itself, and pandas' NA says NA
    return (plain.isoformat() if hasattr(plain, "isoformat") else plain) if known is True else None
