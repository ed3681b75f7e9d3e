"""``automl studies``: the searches of a service."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from automl.cli.remote import Id, Json, Key, Limit, Url, say, service, show, show_deleted, show_list
from automl.client import Client, StudyFailed
from automl.client.client import as_budget, guess_task
from automl.client.screen import Screen, leaderboard, status_line
from automl.client.watch import draw, top

app = typer.Typer(no_args_is_help=True, help="Start, watch, steer and delete studies.")

FIELDS = (
    "id", "name", "status", "dataset_id", "task", "metric", "budget", "best", "baseline",
    "model_id", "error", "created_at", "finished_at",
)  # fmt: skip
WATCH_PATIENCE_SECONDS = 300.0
Budget = Annotated[str | None, typer.Option(help="Wall-clock time: 60s, 5m, 1h.")]
Trials = Annotated[int | None, typer.Option(min=1, help="End after so many trials.")]


@app.command("start")
def start(
    data: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset's id, or a file.")],
    target: Annotated[
        str | None, typer.Option(help="The column to predict; arrays with one need no name.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="classification or regression; guessed if left out.")
    ] = None,
    budget: Budget = None,
    trials: Trials = None,
    test: Annotated[
        str | None, typer.Option(metavar="DATASET", help="Rows that the search never sees.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="What is optimized.")] = None,
    family: Annotated[list[str] | None, typer.Option(help="Only these families.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    follow: Annotated[bool, typer.Option("--watch", help="Stay and watch it.")] = False,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Start a study; without --budget and --trials it takes 5 minutes."""
    limits = _budget(budget, trials) or {"seconds": 300.0}
    with service(url, key, patience=WATCH_PATIENCE_SECONDS if follow else 60.0) as client:
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
            _watch(client, study["id"], as_json=as_json)
        else:
            show(study, as_json=as_json, fields=FIELDS)
    if not follow and not as_json:
        say(f"Watch it with:  automl studies watch {study['id']}{_same(url)}")


@app.command("list")
def list_studies(
    status: Annotated[str | None, typer.Option(help="Only of this status.")] = None,
    limit: Limit = 50,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """List studies, the newest first."""
    columns = {
        "id": lambda s: s["id"],
        "name": lambda s: s["name"],
        "status": lambda s: s["status"],
        "target": lambda s: s["task"]["target"],
        "metric": lambda s: s["metric"]["name"],
        "best": lambda s: (s["best"] or {}).get("value"),
        "done": lambda s: f"{s['progress']['fraction']:.0%}",
        "created_at": lambda s: s["created_at"],
    }
    params = {} if status is None else {"status": status}
    with service(url, key) as client:
        items = client.items("/v1/studies", **params)
        show_list(items, as_json=as_json, limit=limit, columns=columns)


@app.command("show")
def show_study(study_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Show one study as it stands, with its best trials."""
    with service(url, key) as client:
        study = client.study(study_id)
        trials = [] if as_json else top(client, study_id)
    show(study, as_json=as_json, fields=FIELDS)
    if not as_json:
        say(status_line(study))
        Console().print(leaderboard(study, trials))


@app.command("watch")
def watch(study_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Draw a study live until it ends. Ctrl-C leaves it running."""
    with service(url, key, patience=WATCH_PATIENCE_SECONDS) as client:
        _watch(client, study_id, as_json=as_json)


@app.command("cancel")
def cancel(study_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """End the search now; the best model so far is published."""
    _steer(study_id, "cancel", {}, url, key, as_json=as_json)


@app.command("pause")
def pause(study_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Hold the search; paused time is not budget time."""
    _steer(study_id, "pause", {}, url, key, as_json=as_json)


@app.command("resume")
def resume(
    study_id: Id,
    budget: Budget = None,
    trials: Trials = None,
    url: Url = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Go on after a pause or, with a budget to add, after the end."""
    added = _budget(budget, trials)
    body = {} if added is None else {"budget": added}
    _steer(study_id, "resume", body, url, key, as_json=as_json)


@app.command("delete")
def delete(study_id: Id, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Delete an ended study with its trials, events and model."""
    with service(url, key) as client:
        client.delete(f"/v1/studies/{study_id}")
    show_deleted(study_id, as_json=as_json)


def _watch(client: Client, study_id: str, *, as_json: bool) -> None:
    try:
        if as_json:
            for event in client.events(study_id):
                print(json.dumps(event), flush=True)
        elif sys.stdout.isatty():
            with Screen(Console()) as screen:
                draw(client, study_id, screen)
        else:
            _tell(client, study_id)
        study = client.study(study_id)
    except KeyboardInterrupt:
        typer.echo(
            f"\nThe study goes on. Come back with:  automl studies watch {study_id}"
            f"{_same(client.url)}",
            err=True,
        )
        return
    if not as_json:
        say(status_line(study))
        Console().print(leaderboard(study, top(client, study_id)))
    if study["status"] == "failed":
        error = study["error"] or {}
        raise StudyFailed(study_id, error.get("reason", "UNKNOWN"), error.get("detail", ""))
    if not as_json and study["model_id"]:
        same = _same(client.url)
        say(f"Take its model with:  automl models download {study['model_id']}{same}")


def _tell(client: Client, study_id: str) -> None:
    """Print a line whenever something is better or other than before: for logs and pipes."""
    for event in client.events(study_id):
        if event["type"] == "study.best":
            data = event["data"]
            say(f"{event['at']} trial {data['trial']} ({data['family']}): {data['value']:.6g}")
        elif event["type"].startswith("study.") and event["type"] != "study.plan":
            say(f"{event['at']} {event['type'].removeprefix('study.')}")


def _steer(
    study_id: str, verb: str, body: dict[str, Any], url: str | None, key: str | None, *,
    as_json: bool,
) -> None:  # fmt: skip
    with service(url, key) as client:
        study = client.post(f"/v1/studies/{study_id}/{verb}", body)
    show(study, as_json=as_json, fields=("id", "name", "status", "best"))


def _dataset(client: Client, data: str) -> dict[str, Any]:
    if data.startswith("ds_") and not Path(data).exists():
        return client.get(f"/v1/datasets/{data}")
    return client.upload(data)


def _budget(budget: str | None, trials: int | None) -> dict[str, Any] | None:
    limits: dict[str, Any] = {} if trials is None else {"trials": trials}
    try:
        limits |= {} if budget is None else as_budget(budget)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from None
    return limits or None


def _same(url: str | None) -> str:
    """Return the option that leads to the same service, where it was given."""
    return "" if url in {None, "http://127.0.0.1:8000"} else f" --url {url}"
