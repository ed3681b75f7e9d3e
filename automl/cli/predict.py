"""``automl predict``: score a file with a downloaded model."""

import csv
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from automl.core.errors import InvalidInput
from automl.data import rows
from automl.export.scoring import Scorer


def predict(
    model: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An ONNX file.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or TSV.")],
    out: Annotated[
        Path | None, typer.Option(help="Where the CSV goes; the screen if left out.")
    ] = None,
) -> None:
    """Print one line a row: the prediction and, for classes, their probabilities."""
    try:
        scorer = Scorer(model)
    except (ValueError, KeyError):
        raise InvalidInput(f"{model} is no model file of this service.") from None
    scores = scorer.predict(rows.from_file(file, scorer.inputs))
    classes = [] if scores.probabilities is None else list(scorer.classes)
    with ExitStack() as stack:
        target = stack.enter_context(out.open("w", newline="")) if out else sys.stdout
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["prediction", *(f"probability_{label}" for label in classes)])
        probabilities = scores.probabilities
        for index, prediction in enumerate(scores.predictions.tolist()):
            shares = [] if probabilities is None else probabilities[index].tolist()
            writer.writerow([prediction, *shares])
