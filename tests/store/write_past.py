"""Write what a version of the service leaves in its store, for the tests of its successors.

``PYTHONPATH=CHECKOUT python tests/store/write_past.py FILE`` runs the code of that checkout: a
study that ended with its model, one that is under way, and what the model predicts. To be done once
for each revision of the schema, before the next one.
"""

import argparse
import base64
import csv
import json
import sqlite3
import tempfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from automl.core.catalog import FamilyName
from automl.core.leases import Order
from automl.core.study import Budget, Study
from automl.service import predictions
from tests.runner.bench import TENANT, Bench, Orders, open_bench

FAMILIES = (FamilyName.LINEAR, FamilyName.MLP)
ROWS = 60


def main() -> None:
    """Make a store in a folder of its own and write its rows as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = open_bench(Path(folder))
        ended = _ended(bench)
        running = _running(bench)
        past = {
            "ended": ended.id,
            "running": running.id,
            "model": ended.model_id,
            **_predicted(bench, ended, Path(folder) / "data.csv"),
        }
        bench.store.close()
        past["tables"] = _tables(Path(folder) / "automl.sqlite")
    given.file.write_text(json.dumps(past, separators=(",", ":")) + "\n")


def _ended(bench: Bench) -> Study:
    study = bench.study(budget=Budget(trials=2), families=FAMILIES, rows=ROWS)
    return bench.work_off(study, bench.runner())


def _running(bench: Bench) -> Study:
    """Leave two trials complete, one waiting with what it has so far, and one whose worker died."""
    study = bench.study(budget=Budget(trials=6), families=FAMILIES, rows=ROWS)
    runner = bench.runner()
    for _ in range(2):
        runner.run(bench.attempt(runner), Orders())
    left = bench.attempt(runner)
    dead = bench.attempt(runner)
    assert dead.number == left.number + 1
    runner.run(left, Orders(lambda looks: Order.RELEASE if looks > 4 else Order.GO_ON))
    return bench.read(study)


def _predicted(bench: Bench, study: Study, path: Path) -> dict[str, Any]:
    """Return some rows of the data, and what the model says of them."""
    with bench.store.unit() as unit:
        model = unit.models.get(TENANT, str(study.model_id))
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))[:5]
    numeric = {item.name for item in model.card.inputs if item.kind == "numeric"}
    rows = [
        {
            name: (float(cell) if cell else None) if name in numeric else cell
            for name, cell in row.items()
            if name != study.spec.task.target
        }
        for row in found
    ]
    predicted = predictions.of_rows(predictions.Scorers(bench.cache), model, rows)
    probabilities = [[float(cell) for cell in row] for row in predicted.probabilities or ()]
    return {"rows": rows, "probabilities": probabilities}


def _tables(path: Path) -> dict[str, dict[str, Any]]:
    with closing(sqlite3.connect(path)) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: _table(database.execute(f'SELECT * FROM "{name}"')) for (name,) in names}


def _table(found: sqlite3.Cursor) -> dict[str, Any]:
    columns = [column[0] for column in found.description]
    return {"columns": columns, "rows": [[_text(cell) for cell in row] for row in found]}


def _text(cell: Any) -> Any:
    if not isinstance(cell, bytes):
        return cell
    return {"zlib": base64.b64encode(zlib.compress(cell, 9)).decode()}


if __name__ == "__main__":
    main()
