"""Results as tables: for people in Markdown, for programs in JSON."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from benchmarks.ranks import FAILED, Runs, duel, mean_ranks
from benchmarks.results import OK, Result, read

ERRORS = {"roc_auc": "1 − AUC", "log_loss": "log loss", "rmse": "RMSE"}
YARDSTICK = "autogluon"
"""Whose speed the others' is told by."""


@dataclass(frozen=True)
class Column:
    """A system's runs: those of one budget, or all of a system that knows none."""

    name: str
    version: str
    results: list[Result]

    @property
    def good(self) -> list[Result]:
        """The runs that gave a model."""
        return [result for result in self.results if result.status == OK]

    def runs(self, name: str) -> Runs:
        """Return the errors on a set by split."""
        mine = [result for result in self.results if result.key.set == name]
        return {r.key.split: FAILED if r.error is None else r.error for r in mine}


def write(path: Path, *, systems: Sequence[str] | None) -> None:
    """Write and print the report of a file of results."""
    tables = [
        _table(budget, cores, columns)
        for budget, cores, columns in chosen(read(path), systems=systems)
    ]
    text = "\n\n".join(map(markdown, tables)) + "\n"
    path.with_suffix(".md").write_text(text)
    path.with_suffix(".json").write_text(json.dumps(_plain(tables), indent=1) + "\n")
    print(text)


def chosen(
    results: Sequence[Result], *, systems: Sequence[str] | None
) -> Iterable[tuple[float | None, int, list[Column]]]:
    """Yield for each budget and number of cores the systems' columns.

    A system counts with the version that ran last, unless ``NAME@VERSION`` names one.
    """
    every = dict.fromkeys(result.key.system for result in results)
    names = systems or sorted(every, key=lambda name: not name.startswith("ours"))
    mine_of = [(name, picked(results, name)) for name in names]
    keys = {(r.key.budget, r.key.cores) for _, mine in mine_of for r in mine}
    budgeted = {key for key in keys if key[0] is not None} or keys
    for budget, cores in sorted(budgeted, key=lambda key: (key[0] or 0, key[1])):
        columns = [
            Column(name, mine[-1].key.version, [r for r in mine if _fits(r, budget, cores)])
            for name, mine in mine_of
            if mine
        ]
        yield budget, cores, [column for column in columns if column.results]


def picked(results: Sequence[Result], name: str) -> list[Result]:
    """Return a system's runs with its last version, or with the one named behind an ``@``."""
    system, _, wanted = name.partition("@")
    mine = [result for result in results if result.key.system == system]
    versions = [r.key.version for r in mine if wanted in r.key.version]
    return [result for result in mine if versions and result.key.version == versions[-1]]


def _fits(result: Result, budget: float | None, cores: int) -> bool:
    return result.key.budget in {budget, None} and result.key.cores == cores


def _table(budget: float | None, cores: int, columns: Sequence[Column]) -> dict[str, Any]:
    """Return all figures of one budget."""
    sets = list(dict.fromkeys(r.key.set for column in columns for r in column.results))
    table = {
        name: {column.name: runs for column in columns if (runs := column.runs(name))}
        for name in sets
    }
    places, common = mean_ranks(table)
    first = next((c.name for c in columns if c.name.startswith("ours")), columns[0].name)
    pace = next((column for column in columns if column.name == YARDSTICK), None)
    return {
        "budget": budget,
        "cores": cores,
        "ours": first,
        "ranked_sets": common,
        "sets": [_set(name, table[name], columns) for name in sets],
        "systems": [
            {
                "name": column.name,
                "version": column.version,
                "mean_rank": places.get(column.name),
                "against": duel(
                    [
                        (runs[first], runs[column.name])
                        for runs in table.values()
                        if first in runs and column.name in runs
                    ]
                )
                if column.name != first
                else {},
                **_costs(column, pace),
            }
            for column in columns
        ],
    }


def _set(name: str, runs: dict[str, Runs], columns: Sequence[Column]) -> dict[str, Any]:
    some = next(r for column in columns for r in column.results if r.key.set == name)
    return {
        "name": name,
        "metric": some.metric,
        "rows": some.rows,
        "test_rows": some.test_rows,
        "columns": some.columns,
        "errors": {
            system: {"mean": fmean(mine.values()), "splits": dict(mine)}
            for system, mine in runs.items()
        },
    }


def _costs(column: Column, pace: Column | None) -> dict[str, Any]:
    """Return what a system took."""
    good = column.good
    speeds = {(r.key.set, r.key.split): r.rows_per_second for r in (pace.good if pace else [])}
    ratios = [
        r.rows_per_second / theirs
        for r in good
        if r.rows_per_second and (theirs := speeds.get((r.key.set, r.key.split)))
    ]
    return {
        "runs": len(column.results),
        "good": len(good),
        "fit_seconds": _over(median, good, lambda r: r.fit_seconds),
        "worst_overrun": _over(max, good, lambda r: r.overrun),
        "start_seconds": _over(median, good, lambda r: r.start_seconds),
        "model_megabytes": _over(median, good, lambda r: r.model_megabytes),
        "largest_megabytes": _over(max, good, lambda r: r.model_megabytes),
        "rows_per_second": _over(median, good, lambda r: r.rows_per_second),
        "rows_per_second_ratio": median(ratios) if ratios else None,
        "row_milliseconds": _over(median, good, lambda r: r.row_milliseconds),
        "peak_megabytes": _over(median, column.results, lambda r: r.peak_megabytes),
        "most_megabytes": _over(max, column.results, lambda r: r.peak_megabytes),
        "most_load": _over(max, column.results, lambda r: r.load),
        "intervals": covered(good),
    }


def _over(
    how: Callable[[list[float]], float],
    results: Sequence[Result],
    what: Callable[[Result], float | None],
) -> float | None:
    found = [value for result in results if (value := what(result)) is not None]
    return how(found) if found else None


def covered(results: Sequence[Result]) -> dict[str, int] | None:
    """Return how often a system's own 95 % interval held its score on the test rows."""
    told = [(r.notes["estimate"], r.scores[r.metric]) for r in results if "estimate" in r.notes]
    held = [estimate["low"] <= value <= estimate["high"] for estimate, value in told]
    return {"of": len(held), "held": sum(held)} if held else None


def markdown(table: dict[str, Any]) -> str:
    """Return the tables of one budget."""
    systems, names = table["systems"], [system["name"] for system in table["systems"]]
    budget = "no budget" if table["budget"] is None else f"{table['budget']:g} s"
    headings = [f"{system['name']} {system['version']}" for system in systems]
    scores = [
        [
            f"{each['name']} ({each['rows']}+{each['test_rows']}×{each['columns']})",
            ERRORS[each["metric"]],
            *_marked(each["errors"], names),
        ]
        for each in table["sets"]
    ]
    ranks = ["", "mean rank", *(_number(system["mean_rank"], 2) for system in systems)]
    parts = [
        f"### {budget}, {table['cores']} cores",
        "Error, lower is better for all: the mean over the splits, in brackets their number where"
        " it is not everybody's; the least in bold. Mean rank over the "
        f"{table['ranked_sets']} sets that all ran.",
        _grid(["set (rows+test×columns)", "error", *headings], [*scores, ranks]),
        f"{table['ours']} against each: share of wins, alike (below 0.5 % of the error) a half,"
        " and the geometric mean of error ratios.",
        _grid(
            ["against", "sets", "wins by set", "runs", "wins by run", "error ratio"],
            [_duel(s["name"], s["against"]) for s in systems if s["against"]],
        ),
        "What it took: medians, the worst behind the stroke. Megabytes of memory are PSS of all"
        " processes; rows/s with all rows at once; ms/row one row at a time, the model in memory.",
        _grid(
            [
                "system",
                "good runs",
                "start s",
                "fit s",
                "worst overrun s",
                "memory MB",
                "model MB",
                "rows/s",
                f"× {YARDSTICK}",
                "ms/row",
                "load before",
            ],
            [_cost(system) for system in systems],
        ),
    ]
    told = [
        f"{s['name']}'s own 95 % interval held the test score in {s['intervals']['held']} of"
        f" {s['intervals']['of']} runs (few test rows err too)."
        for s in systems
        if s["intervals"]
    ]
    return "\n\n".join([*parts, *told])


def _marked(errors: dict[str, Any], names: Sequence[str]) -> list[str]:
    least = min(error["mean"] for error in errors.values())
    most = max(len(error["splits"]) for error in errors.values())
    cells = []
    for name in names:
        if name not in errors:
            cells.append("")
            continue
        mean, splits = errors[name]["mean"], len(errors[name]["splits"])
        text = "failed" if mean == FAILED else _error(mean)
        count = "" if splits == most else f" ({splits})"
        cells.append((f"**{text}**" if mean == least < FAILED else text) + count)
    return cells


def _duel(name: str, duel: dict[str, float]) -> list[str]:
    return [
        name,
        f"{duel['sets']:.0f}",
        f"{duel['wins_by_set']:.0%}",
        f"{duel['runs']:.0f}",
        f"{duel['wins_by_run']:.0%}",
        _number(duel["error_ratio"], 3),
    ]


def _cost(system: dict[str, Any]) -> list[str]:
    return [
        system["name"],
        f"{system['good']} of {system['runs']}",
        _number(system["start_seconds"], 1),
        _number(system["fit_seconds"], 1),
        _number(system["worst_overrun"], 1, sign=True),
        f"{_number(system['peak_megabytes'])} / {_number(system['most_megabytes'])}",
        f"{_number(system['model_megabytes'], 1)} / {_number(system['largest_megabytes'], 1)}",
        _number(system["rows_per_second"]),
        _number(system["rows_per_second_ratio"], 1),
        _number(system["row_milliseconds"], 2),
        _number(system["most_load"], 1),
    ]


def _error(value: float) -> str:
    return f"{value:.4f}" if value < 10 else f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"


def _number(value: float | None, digits: int = 0, *, sign: bool = False) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:{'+' if sign else ''},.{digits}f}".replace("-", "−")


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(value: Any) -> Any:
    """Return the value with null for what JSON has no number for."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(name): _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
