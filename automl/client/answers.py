"""Answers that show themselves well: plain lists and dicts, also in a notebook or as a data frame.

A dataset, a model and a report are the service's JSON as it is; what is added is how they look.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import override

from automl.client.tables import lines, paragraph, shown, table, words
from automl.client.text import plain
from automl.client.transport import Json

SHOWN = 50
"""Rows in a notebook."""
TOLD = 10
"""Rows in a terminal."""

Metrics = Mapping[str, Mapping[str, float | None]]


class Leaderboard(list[Json]):
    """A study's trials, the best first, as the service gives them.

    Attributes:
        metric: what ``value`` is.
    """

    def __init__(self, trials: Iterable[Json], metric: str) -> None:
        super().__init__(trials)
        self.metric = metric

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame``: a row a trial, a column ``params.NAME`` a hyperparameter.

        Raises:
            ImportError: pandas is not installed.
        """
        rows = [
            {name: cell for name, cell in trial.items() if name != "params"}
            | {f"params.{name}": value for name, value in trial["params"].items()}
            for trial in self
        ]
        return _pandas().DataFrame(rows)

    @override
    def __repr__(self) -> str:
        head = f"{len(self)} trials, the best first"
        return "\n".join([head, lines(self._headings, [self._row(t) for t in self[:TOLD]])])

    def _repr_html_(self) -> str:
        rows = [self._row(trial) for trial in self[:SHOWN]]
        return table(self._headings, rows, caption=f"{len(self)} trials")

    @property
    def _headings(self) -> tuple[str, ...]:
        return ("#", self.metric, "family", "state", "seconds", "hyperparameters")

    @staticmethod
    def _row(trial: Json) -> tuple[object, ...]:
        facts = (trial[name] for name in ("number", "value", "family", "state", "seconds"))
        return (*facts, words(trial["params"]))


class Dataset(dict[str, Any]):
    """An uploaded dataset as the service describes it."""

    @override
    def __repr__(self) -> str:
        return plain(f"<dataset {self['id']}: {self._size}>")

    def _repr_html_(self) -> str:
        rows = [
            (c["name"], c["kind"], c["missing"], c["unique"], _content(c))
            for c in self["columns"][:SHOWN]
        ]
        headings = ("column", "kind", "missing", "unique", "content")
        columns = table(headings, rows) if rows else ""
        warned = "".join(paragraph(f"⚠ {item['message']}") for item in self["warnings"])
        return paragraph(f"Dataset {self['id']}: {self._size}") + columns + warned

    @property
    def _size(self) -> str:
        wide = f"{len(self['columns'])} columns"
        if self["shape"] is not None:
            wide = f"{self['modality']} of {' × '.join(map(str, self['shape']))}"
        return f"{self['name']}, {self['rows']:,} rows, {wide}"


class Model(dict[str, Any]):
    """A published model as the service describes it."""

    @override
    def __repr__(self) -> str:
        metric = self["metric"]["name"]
        judged = _interval(self["test"]["metrics"], metric)
        return plain(f"<model {self['id']}: {metric} {judged}>")

    def _repr_html_(self) -> str:
        test = self["test"]
        members = [(m["trial"], m["family"], f"{m['weight']:.0%}") for m in self["members"]]
        files = [(f["format"], f"{f['bytes']:,}", f["sha256"][:12]) for f in self["formats"]]
        return (
            paragraph(f"Model {self['id']}, judged on {_rows(test['source'])}")
            + _metrics(test["metrics"])
            + table(("trial", "family", "weight"), members, caption="members")
            + table(("format", "bytes", "SHA-256"), files, caption="files")
        )


class Report(dict[str, Any]):
    """A study's report as the service gives it: what was asked, tried and found."""

    @override
    def __repr__(self) -> str:
        metric = self["task"]["metric"]
        judged = f"{_interval(self['metrics'], metric)} on {_rows(self['source'])}"
        return plain(f"<report: {metric} {judged}, baseline {shown(self['baseline'])}>")

    def _repr_html_(self) -> str:
        task, data = self["task"], self["data"]
        asked = f"{task['type']} of {task['target']!r} by {task['metric']}, {data['rows']:,} rows"
        members = [
            (m["trial"], m["family"], f"{m['weight']:.0%}", words(m["params"]))
            for m in self["members"]
        ]
        found = (self["importance"] or {}).get("columns", [])[:TOLD]
        relied = [(c["column"], c["mean"], c["std"]) for c in found]
        doubts = "".join(paragraph(f"⚠ {item['message']}") for item in self["warnings"])
        return (
            paragraph(asked)
            + paragraph(f"Judged on {_rows(self['source'])}; baseline {shown(self['baseline'])}")
            + _metrics(self["metrics"])
            + table(("trial", "family", "weight", "hyperparameters"), members, caption="members")
            + (table(("column", "importance", "spread"), relied) if relied else "")
            + doubts
        )


class Predictions(dict[str, Any]):
    """``predictions``, ``probabilities`` and ``classes`` of some rows."""

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame``: ``prediction`` and a ``probability_CLASS`` for each class.

        Raises:
            ImportError: pandas is not installed.
        """
        columns: dict[str, Any] = {"prediction": self["predictions"]}
        for index, name in enumerate(self["classes"] or []):
            columns[f"probability_{name}"] = [row[index] for row in self["probabilities"]]
        return _pandas().DataFrame(columns)

    @override
    def __repr__(self) -> str:
        some = ", ".join(shown(item) for item in self["predictions"][:TOLD])
        more = ", …" if len(self["predictions"]) > TOLD else ""
        return f"<{len(self['predictions'])} predictions: {some}{more}>"

    def _repr_html_(self) -> str:
        classes = self["classes"] or []
        shares = self["probabilities"] or [[] for _ in self["predictions"]]
        rows = [[a, *b] for a, b in zip(self["predictions"][:SHOWN], shares[:SHOWN], strict=True)]
        caption = f"{len(self['predictions'])} predictions"
        return table(("prediction", *map(str, classes)), rows, caption=caption)


def _metrics(metrics: Metrics) -> str:
    rows = [(name, e["value"], e["low"], e["high"]) for name, e in metrics.items()]
    return table(("metric", "value", "95 % from", "to"), rows)


def _interval(metrics: Metrics, name: str) -> str:
    found = metrics[name]
    return f"{shown(found['value'])} ({shown(found['low'])} to {shown(found['high'])})"


def _rows(source: str) -> str:
    return "rows that the search never saw" if source == "test" else "out-of-fold rows"


def _content(column: Json) -> str:
    if column["min"] is not None:
        return f"{shown(column['min'])} to {shown(column['max'])}"
    return ", ".join(shown(value) for value, _ in column["top"][:3])


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError:
        raise ImportError("to_pandas() needs pandas: pip install pandas") from None
    return pd
