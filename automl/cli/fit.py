"""``automl fit``: a whole study on this machine, no server to start."""

from pathlib import Path
from typing import Annotated

import typer

from automl.cli.options import Families, Holds, Json, Metric, Seed, Target, Task
from automl.cli.usage import check_target

INTERRUPTED = 130
"""The exit code of what a Ctrl-C ended, as shells have it."""


def fit(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="A table, images, series or volumes."),
    ],
    target: Target = None,
    task: Task = None,
    budget: Annotated[str, typer.Option(help="Wall-clock time: 60s, 5m, 1h.")] = "60s",
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many trials instead: reproducible to the byte."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the model file goes.")] = Path("model.onnx"),
    metric: Metric = None,
    test: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A test set that the search never sees."),
    ] = None,
    family: Families = None,
    modality: Holds = None,
    seed: Seed = 0,
    slots: Annotated[
        int, typer.Option(min=0, help="Candidates at once; 0: one a GPU, else one a core.")
    ] = 0,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda:0, …; else every GPU, or the processor.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search the best model for FILE and write it as one ONNX file.

    Ctrl-C ends the search and writes the best model so far; a second one ends without.
    """
    check_target(out)
    from automl.cli import local

    asked = local.Asked(
        file=file,
        target=target or "",
        task=task,
        budget=budget,
        trials=trials,
        out=out,
        metric=metric,
        test=test,
        families=tuple(family) if family else None,
        modality=modality,
        seed=seed,
        slots=slots,
        device=device,
        as_json=as_json,
    )
    try:
        local.run(asked)
    except KeyboardInterrupt:
        typer.echo("\nStopped; no model was written.", err=True)
        raise typer.Exit(INTERRUPTED) from None
