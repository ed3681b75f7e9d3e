"""``automl predict``: score a file with a downloaded model."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from automl.cli.usage import check_target
from automl.core.errors import InvalidInput


def predict(
    model: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An ONNX file.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A table or arrays.")],
    out: Annotated[
        Path | None, typer.Option(help="Where the CSV goes; the screen if left out.")
    ] = None,
) -> None:
    """Print one line a row: the prediction and, for classes, their probabilities."""
    if out is not None:
        check_target(out)
    from automl.client.text import plain
    from automl.data import rows
    from automl.export.predict import written
    from automl.export.scoring import Scorer

    try:
        scorer = Scorer(model)
    except (ValueError, KeyError):
        raise InvalidInput(f"{model} is no model file of this service.") from None
    scores = scorer.predict(rows.from_file(file, scorer.inputs))
    shares = None if scores.probabilities is None else scores.probabilities.tolist()
    text = written(scores.predictions.tolist(), shares, scorer.classes)
    if out is not None:
        out.write_bytes(text.encode())
    elif sys.stdout.isatty():  # a screen obeys what a class may be called
        typer.echo("\n".join(map(plain, text.splitlines())))
    else:
        sys.stdout.buffer.write(text.encode())
