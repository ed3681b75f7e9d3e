"""``automl studies``: the searches of a service."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl.cli.models import Out, fetch
from automl.cli.options import (
    Families,
    Format,
    Json,
    Key,
    Limit,
    Metric,
    Seconds,
    Seed,
    StudyId,
    Target,
    Task,
    Trials,
    Url,
)
from automl.cli.remote import (
    BODY_PATIENCE_SECONDS,
    fail,
    first,
    say,
    service,
    show,
    show_deleted,
    show_list,
)
from automl.core.catalog import ExportFormat, StudyStatus

if TYPE_CHECKING:
    from automl.client import Client

app = typer.Typer(
    no_args_is_help=True, help="Start, watch, steer, download, export and delete studies."
)

FIELDS = (
    "id", "name", "status", "dataset_id", "task", "metric", "budget", "best", "baseline",
    "model_id", "error", "created_at", "finished_at",
)  # fmt: skip
WATCH_PATIENCE_SECONDS = 300.0
DEFAULT_SECONDS = 300.0
DEFAULT_URL = "http://127.0.0.1:8000"


@app.command("start")
def start(
    data: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset's id, or a file.")],
    target: Target = None,
    task: Task = None,
    budget: Seconds = None,
    trials: Trials = None,
    test: Annotated[
        str | None, typer.Option(metavar="DATASET", help="Rows that the search never sees.")
    ] = None,
    metric: Metric = None,
    family: Families = None,
    seed: Seed = 0,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    follow: Annotated[bool, typer.Option("--watch", help="Stay and watch it.")] = False,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Start a study; without --budget and --trials it takes 5 minutes."""
    from automl.client.request import guess_task

    limits = _budget(budget, trials) or {"seconds": DEFAULT_SECONDS}
    patience = WATCH_PATIENCE_SECONDS if follow else BODY_PATIENCE_SECONDS
    with service(url, key, patience=patience) as client:
        dataset = _dataset(client, data)
        wanted = {"type": task or guess_task(dataset, target), "target": target, "metric": metric}
        study = client.start(
            {
                "dataset_id": dataset["id"],
                "test_dataset_id": None if test is None else _dataset(client, test)["id"],
                "task": {name: value for name, value in wanted.items() if value is not None},
                "budget": limits,
                "families": family or None,
                "seed": seed,
                "name": name,
            }
        )
        if follow:
            _watch(client, study["id"], key, as_json=as_json)
        else:
            show(study, as_json=as_json, fields=FIELDS)
    if not follow and not as_json:
        say(f"Watch it with:  automl studies watch {study['id']}{_same(client.url, key)}")


@app.command("list")
def list_studies(
    status: Annotated[StudyStatus | None, typer.Option(help="Only of this status.")] = None,
    limit: Limit = 50,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List studies, the newest first."""
    columns = {
        "id": lambda s: s["id"],
        "status": lambda s: s["status"],
        "done": lambda s: f"{s['progress']['fraction']:.0%}",
        "name": lambda s: s["name"],
        "best": lambda s: (s["best"] or {}).get("value"),
        "metric": lambda s: s["metric"]["name"],
        "target": lambda s: s["task"]["target"],
        "created_at": lambda s: s["created_at"],
    }
    params = {} if status is None else {"status": status.value}
    with service(url, key) as client:
        page = first(client, "/v1/studies", limit, **params)
    show_list(page, as_json=as_json, columns=columns)


@app.command("show")
def show_study(study_id: StudyId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Show one study as it stands, with its best trials."""
    from automl.client.watch import top

    with service(url, key) as client:
        study = client.study(study_id)
        trials = [] if as_json else top(client, study_id)
    show(study, as_json=as_json, fields=FIELDS)
    if not as_json:
        _show_trials(study, trials)


@app.command("watch")
def watch(study_id: StudyId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Draw a study live until it ends. Ctrl-C leaves it running.

    Where no terminal looks it prints a line for whatever is new; with --json every event as it is.
    """
    with service(url, key, patience=WATCH_PATIENCE_SECONDS) as client:
        _watch(client, study_id, key, as_json=as_json)


@app.command("cancel")
def cancel(study_id: StudyId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """End the search now; the best model so far is published."""
    _steer(study_id, "cancel", {}, url, key, as_json=as_json)


@app.command("pause")
def pause(study_id: StudyId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Hold the search; paused time is not budget time."""
    _steer(study_id, "pause", {}, url, key, as_json=as_json)


@app.command("resume")
def resume(
    study_id: StudyId,
    budget: Seconds = None,
    trials: Trials = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Go on after a pause or, with a budget to add, after the end."""
    added = _budget(budget, trials)
    body = {} if added is None else {"budget": added}
    _steer(study_id, "resume", body, url, key, as_json=as_json)


@app.command("download")
def download(
    study_id: StudyId,
    out: Out = None,
    file_format: Format = ExportFormat.ONNX,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Download the model that a study has published, checked to its SHA-256."""
    fetch(study_id, out, file_format, url, key, as_json=as_json)


@app.command("export")
def export(
    study_id: StudyId,
    storage: Annotated[
        str,
        typer.Option("--optuna", metavar="URL", help="A storage, such as sqlite:///studies.db."),
    ],
    name: Annotated[
        str | None, typer.Option(help="What to call it there; else by its id here.")
    ] = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Write a study with its trials and curves to an Optuna storage, for Optuna's dashboard."""
    from automl.client.optuna import NameTaken, StorageFailed, write

    with service(url, key, patience=BODY_PATIENCE_SECONDS) as client:
        try:
            count = write(client, study_id, storage, name=name or study_id)
        except NameTaken as taken:
            fail(f"{taken}; --name gives this one another.")
        except StorageFailed as failed:
            fail(str(failed))
    if as_json:
        print(json.dumps({"storage": storage, "name": name or study_id, "trials": count}))
    else:
        say(f"{name or study_id}: {count} trials in {storage}")
        say(f"Look at it with:  optuna-dashboard {storage}")


@app.command("delete")
def delete(study_id: StudyId, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Delete an ended study with its trials, events and model."""
    with service(url, key) as client:
        client.delete(f"/v1/studies/{study_id}")
    show_deleted(study_id, as_json=as_json)


def _watch(client: "Client", study_id: str, key: str | None, *, as_json: bool) -> None:
    from automl.client import StudyFailed
    from automl.client.watch import top

    try:
        _follow(client, study_id, as_json=as_json)
        study = client.study(study_id)
    except KeyboardInterrupt:
        again = f"automl studies watch {study_id}{_same(client.url, key)}"
        typer.echo(f"\nThe study goes on. Come back with:  {again}", err=True)
        return
    if not as_json:
        _show_trials(study, top(client, study_id))
    if study["status"] == "failed":
        error = study["error"] or {}
        raise StudyFailed(study_id, error.get("reason", "UNKNOWN"), error.get("detail", ""))
    if not as_json and study["model_id"]:
        same = _same(client.url, key)
        say(f"Take its model with:  automl models download {study['model_id']}{same}")


def _follow(client: "Client", study_id: str, *, as_json: bool) -> None:
    """Return when the study has ended, having said or drawn what there was to say."""
    if as_json:
        for event in client.events(study_id):
            print(json.dumps(event), flush=True)
        return
    from rich.console import Console

    from automl.client.screen import Screen
    from automl.client.watch import draw

    console = Console()
    if sys.stdout.isatty() and not console.is_dumb_terminal:
        with Screen(console) as screen:
            draw(client, study_id, screen)
    else:
        _tell(client, study_id)


def _tell(client: "Client", study_id: str) -> None:
    """Print a line whenever something is better or other than before: for logs and pipes."""
    for event in client.events(study_id):
        if event["type"] == "study.best":
            data = event["data"]
            say(f"{event['at']} trial {data['trial']} ({data['family']}): {data['value']:.6g}")
        elif event["type"].startswith("study.") and event["type"] != "study.plan":
            say(f"{event['at']} {event['type'].removeprefix('study.')}")


def _show_trials(study: dict[str, Any], trials: list[dict[str, Any]]) -> None:
    from rich.console import Console

    from automl.client.screen import leaderboard, status_line

    say(status_line(study))
    console = Console()
    if trials:
        console.print(leaderboard(study, trials, width=console.width))


def _steer(
    study_id: str, verb: str, body: dict[str, Any], url: str | None, key: str | None, *,
    as_json: bool,
) -> None:  # fmt: skip
    with service(url, key) as client:
        study = client.post(f"/v1/studies/{study_id}/{verb}", body)
    show(study, as_json=as_json, fields=("id", "name", "status", "best"))


def _dataset(client: "Client", data: str) -> dict[str, Any]:
    if data.startswith("ds_") and not Path(data).exists():
        return client.get(f"/v1/datasets/{data}")
    return client.upload(data)


def _budget(budget: str | None, trials: int | None) -> dict[str, Any] | None:
    from automl.client.request import as_budget

    limits: dict[str, Any] = {} if trials is None else {"trials": trials}
    try:
        limits |= {} if budget is None else as_budget(budget)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from None
    return limits or None


def _same(url: str, key: str | None) -> str:
    """Return the options that lead to the same service; a key is not written out."""
    at = "" if url == DEFAULT_URL else f" --url {url}"
    return at + ("" if key is None else " --key …")
