"""Options that several commands have, each with one name, one help and one completion."""

from typing import Annotated

import typer

from automl.cli import complete
from automl.core.catalog import ExportFormat, FamilyName, MetricName, Modality, TaskType

Url = Annotated[str | None, typer.Option(help="Where the service is. [AUTOML_URL]")]
Key = Annotated[str | None, typer.Option(help="An API key. [AUTOML_KEY]")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Limit = Annotated[int, typer.Option(min=1, help="Show so many at most.")]

DatasetId = Annotated[str, typer.Argument(metavar="ID", autocompletion=complete.datasets)]
StudyId = Annotated[str, typer.Argument(metavar="ID", autocompletion=complete.studies)]
ModelId = Annotated[str, typer.Argument(metavar="ID", autocompletion=complete.models)]

Target = Annotated[
    str | None, typer.Option(help="The column to predict; arrays with one need no name.")
]
Task = Annotated[TaskType | None, typer.Option(help="Guessed from the target if left out.")]
Metric = Annotated[MetricName | None, typer.Option("--metric", help="What is optimized.")]
Families = Annotated[
    list[FamilyName] | None, typer.Option("--family", help="Only this family; may be repeated.")
]
Holds = Annotated[
    Modality | None,
    typer.Option("--modality", help="What the file holds; told by its content if left out."),
]
Format = Annotated[ExportFormat, typer.Option("--format", help="Which of the model's files.")]
Seconds = Annotated[str | None, typer.Option("--budget", help="Wall-clock time: 60s, 5m, 1h.")]
Trials = Annotated[int | None, typer.Option(min=1, help="End after so many trials.")]
Seed = Annotated[int, typer.Option(min=0, help="Equal seeds and --trials give equal models.")]
