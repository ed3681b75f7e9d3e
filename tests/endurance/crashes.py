"""A study half of whose trials kill their process: it succeeds, and none is tried too often."""

from collections import Counter
from pathlib import Path

from rich.progress import Progress

from tests import tables
from tests.endurance.screen import say
from tests.endurance.service import left, running
from tests.torture.evidence import gather
from tests.torture.invariants import breaches
from tests.torture.tenants import ANYONE

COUNT = 10
ATTEMPTS = 3
POISON = "epoch.end:kill@40"
"""Every network dies in its fortieth epoch, whoever tries it; linear models tell of fewer steps, so
one that dies, being its process's last, is complete at the next attempt."""
NETWORK = {"mlp": {"epochs": [50], "patience": [50], "layers": [1], "width": [8]}}


def run(folder: Path, count: int) -> list[str]:
    """Run a study of ``count`` trials; return what was broken."""
    with running(folder, AUTOML_FAULT=POISON) as service, service.client() as client:
        dataset = client.upload(tables.mixed(folder / "data.csv", rows=200))
        body = {
            "dataset_id": dataset["id"],
            "task": {"type": "classification", "target": "y"},
            "budget": {"trials": count},
            "families": ["linear", "mlp"],
            "search_space": NETWORK,
        }
        study_id = client.start(body)["id"]
        with Progress() as progress:
            task = progress.add_task("trials", total=count)
            for event in client.events(study_id):
                progress.update(task, advance=event["type"] in {"trial.completed", "trial.failed"})
        seen = gather(service.url, ANYONE, study_id)
    outcomes = Counter(
        (trial["family"], trial["state"], trial["reason"], trial["attempts"])
        for trial in seen.trials
    )
    say(f"the study {seen.study['status']}; its trials:")
    for (family, state, reason, attempts), number in sorted(outcomes.items(), key=str):
        say(f"  {number:3} {family} {state} {reason or ''} after {attempts} attempts")
    failed = sum(trial["state"] == "failed" for trial in seen.trials)
    say(f"{failed} of {len(seen.trials)} trials killed their process each time")
    broken = breaches(seen)
    if any(trial["attempts"] > ATTEMPTS for trial in seen.trials):
        broken.append("a trial was tried too often")
    if seen.study["status"] != "succeeded":
        broken.append(f"the study {seen.study['status']}")
    return broken + left(service)
