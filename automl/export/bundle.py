"""The bundle: everything about a model in one zip, to be read by people, torch and predict.py.

Equal contents give equal bytes: members are sorted, dated 1980, and stored as they are (weights
hardly shrink, and the bytes do not depend on a version of zlib).
"""

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from itertools import chain
from typing import Any, cast

from automl import families
from automl.core.report import Report
from automl.core.study_report import StudyReport
from automl.core.trial import Trial
from automl.export import card as model_card
from automl.export import page
from automl.export import report as reports
from automl.export.ensemble import TrainedMember
from automl.training import archive

MODEL = "model.onnx"
CARD = "MODEL_CARD.md"
REPORT = "report.json"
PAGE = "report.html"
SCRIPT = "predict.py"
MEMBERS = "members.json"
"""The names in the zip; ``members.json`` names the networks' weights."""

_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16
_UNIX = 3


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes in."""

    onnx: bytes
    report: Report
    members: Sequence[TrainedMember]
    trials: Sequence[Trial]


def write(contents: Contents) -> bytes:
    """Return the zip's bytes."""
    texts = {
        CARD: model_card.write(contents.report).encode("utf-8", "replace"),
        REPORT: reports.write(contents.report),
        PAGE: page.write(cast("StudyReport", contents.report)).encode("utf-8", "replace"),
        SCRIPT: (files(__package__) / SCRIPT).read_bytes(),
    }
    recipes = {trial.number: trial for trial in contents.trials}
    described, weights = [], []
    for member in contents.members:
        networks = _networks(member)
        weights += [(item.name, item.content) for item in networks]
        described.append(_described(member, recipes[member.trial], networks))
    texts[MEMBERS] = json.dumps(described, indent=1, sort_keys=True).encode()
    return zipped(chain([(MODEL, contents.onnx)], texts.items(), weights))


def zipped(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip of the entries that depends on nothing but them."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archived:
        for name, content in sorted(entries):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = _UNIX, _MODE
            archived.writestr(info, content)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Network:
    """A fold of a network: its safetensors file, and what its encoder gives it."""

    name: str
    content: bytes
    features: list[str]
    shape: list[int]


def _networks(member: TrainedMember) -> list[_Network]:
    """Return a network's folds; of other families nothing."""
    if not families.is_network(families.model(member.family)):
        return []
    return [
        _Network(
            f"networks/trial_{member.trial}_fold_{index}.safetensors",
            archive.pack(part.fitted.state()),
            list(part.encoder.names),
            list(part.encoder.layout.shape),
        )
        for index, part in enumerate(member.parts())
    ]


def _described(
    member: TrainedMember, trial: Trial, networks: Sequence[_Network]
) -> Mapping[str, Any]:
    return {
        "trial": member.trial,
        "family": member.family.value,
        "weight": member.weight,
        "params": dict(trial.candidate.params),
        "features": [item.features for item in networks],
        "shape": networks[0].shape if networks else [],
        "weights": [item.name for item in networks],
    }
