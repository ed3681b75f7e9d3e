"""In which order candidates pay most, by what `benchmarks.candidates` measured.

    python -m benchmarks.portfolio FOLDER [--rows LOW HIGH]

Greedy, over all sets together: the next candidate is the one that lowers the test error of the
sets' ensembles most for each second (an ensemble as the product chooses it, out of fold). Seconds
are in units of what LightGBM's defaults take on the set, so that no large set outvoices the others.
A gain is the mean logarithm of error before by error after; a set where a candidate failed counts
as no gain. Recipes differ between sets where spaces do (categories, classes), so a candidate is
known by its family and by how it departs from the defaults.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from automl import families
from automl.core import metric
from automl.core.catalog import FamilyName, MetricName
from automl.core.frame import Floats
from automl.ensembling.greedy import select

REFERENCE = "lightgbm"


@dataclass(frozen=True, eq=False)
class Measured:
    """One candidate on one set."""

    oof: Floats
    test: Floats
    seconds: float


@dataclass(frozen=True, eq=False)
class Table:
    """One set with all its candidates by name."""

    name: str
    metric: MetricName
    rows: int
    oof: np.ndarray
    test: np.ndarray
    candidates: Mapping[str, Measured]

    def error(self, names: Iterable[str]) -> float:
        """Return the test error of an ensemble of the named, as far as they are there."""
        return _error(self, tuple(name for name in names if name in self.candidates))

    def price(self, name: str) -> float:
        """Return a candidate's seconds in units of the reference's."""
        return self.candidates[name].seconds / max(self.candidates[REFERENCE].seconds, 0.1)


@cache
def _error(table: Table, names: tuple[str, ...]) -> float:
    if not names:
        return float("nan")
    known = [table.candidates[name] for name in names]

    def score(truth: np.ndarray, mean: Floats) -> float:
        return metric.score(table.metric, truth, mean, positive=1)

    weights = select(
        [each.oof for each in known],
        lambda mean: score(table.oof, mean),
        maximize=metric.maximize(table.metric),
    )
    mean = sum(weight * each.test for weight, each in zip(weights, known, strict=True))
    return metric.error(table.metric, score(table.test, np.asarray(mean)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs=2, default=(0, 1 << 30))
    given = parser.parse_args()
    low, high = given.rows
    tables = [read(path.parent) for path in sorted(given.folder.glob("*/set.json"))]
    tables = [t for t in tables if low <= t.rows < high and REFERENCE in t.candidates]
    print(f"{len(tables)} sets: {', '.join(table.name for table in tables)}")
    order(tables)


def order(tables: list[Table]) -> None:
    """Print candidates in the order in which they pay."""
    names = sorted({name for table in tables for name in table.candidates})
    chosen = [REFERENCE]
    spent = 1.0
    print(f"{'':2} {REFERENCE:60} 1.0")
    while len(chosen) < len(names):
        offers = [
            (_gain(tables, chosen, name), _price(tables, name), name)
            for name in names
            if name not in chosen
        ]
        gain, price, name = max(offers, key=lambda o: o[0] / o[1] if o[0] > 0 else o[0] * o[1])
        chosen.append(name)
        spent += price
        best = max(offers)
        print(
            f"{len(chosen):2} {name:60} {price:6.1f} (all {spent:6.1f}) gains {100 * gain:6.2f} %"
            f"   (most at any price: {best[2]} {100 * best[0]:.2f} %)",
            flush=True,
        )


def _gain(tables: list[Table], chosen: list[str], name: str) -> float:
    gains = [
        np.log(table.error(chosen) / table.error([*chosen, name]))
        if name in table.candidates
        else 0.0
        for table in tables
    ]
    return float(np.mean(gains))


def _price(tables: list[Table], name: str) -> float:
    return float(np.median([t.price(name) for t in tables if name in t.candidates]))


def read(folder: Path) -> Table:
    """Return what was measured on one set."""
    about = json.loads((folder / "set.json").read_text())
    truth = np.load(folder / "truth.npz")
    candidates = {}
    for file in sorted(folder.glob("*-*.npz")):
        found = np.load(file)
        family, params = json.loads(str(found["candidate"]))
        candidates[_name(FamilyName(family), params)] = Measured(
            found["oof"].astype(float), found["test"].astype(float), float(found["seconds"])
        )
    return Table(
        folder.name,
        MetricName(about["metric"]),
        about["rows"],
        truth["oof"],
        truth["test"],
        candidates,
    )


def _name(family: FamilyName, params: Mapping[str, object]) -> str:
    defaults = {item.name: item.default for item in families.spec(family).space}
    changes = [f"{k}={v}" for k, v in params.items() if k in defaults and defaults[k] != v]
    changes = [change for change in changes if change != "categories=codes"]
    return " ".join([family.value, *changes])


if __name__ == "__main__":
    main()
