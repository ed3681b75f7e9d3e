"""A search for networks as one writes it in an afternoon: Optuna, scikit-learn and PyTorch.

Nothing of ours: no store, no curves, no file at the end. The candidates are handed to Optuna one by
one, so that it trains what somebody else asked for.
"""

import copy
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
import torch
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler
from torch import nn

from benchmarks.problem import MISSING

Array = npt.NDArray[Any]


class Plain:
    """The script's state: the table, and Optuna's study.

    Args:
        path: a CSV file.
        target: the column with the classes.
        folds: of the cross-validation.
    """

    def __init__(self, path: Path, target: str, *, folds: int) -> None:
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        at = header.index(target)
        self._y = LabelEncoder().fit_transform([row[at] for row in rows])
        columns = [[row[n] for row in rows] for n in range(len(header)) if n != at]
        self._numeric = [n for n, cells in enumerate(columns) if _numeric(cells)]
        self._rest = [n for n in range(len(columns)) if n not in self._numeric]
        self._x = np.empty((len(rows), len(columns)), dtype=object)
        for n, cells in enumerate(columns):
            self._x[:, n] = [_cell(cell, numeric=n in self._numeric) for cell in cells]
        self._folds = StratifiedKFold(folds, shuffle=True, random_state=0)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(direction="maximize")

    @property
    def best(self) -> float:
        """The best value so far: ROC AUC of two classes, else the log loss with its sign turned."""
        return float(self._study.best_value)

    def trial(self, params: Mapping[str, Any]) -> float:
        """Train a candidate on every fold and return its value over all rows."""
        self._study.enqueue_trial({name: params[name] for name in ("layers", "width", "dropout")})
        asked = self._study.ask()
        layers = asked.suggest_int("layers", 1, 3)
        width = asked.suggest_categorical("width", [32, 64, 128])
        dropout = asked.suggest_float("dropout", 0.0, 0.3)
        out_of_fold = np.zeros((len(self._y), int(self._y.max()) + 1))
        for train, valid in self._folds.split(self._x, self._y):
            torch.manual_seed(asked.number)
            encoder = self._encoder()
            x = encoder.fit_transform(self._x[train]).astype(np.float32)
            x_valid = encoder.transform(self._x[valid]).astype(np.float32)
            network = _network(x.shape[1], out_of_fold.shape[1], layers, width, dropout)
            out_of_fold[valid] = _fit(
                network, (x, self._y[train]), (x_valid, self._y[valid]), params
            )
        value = _score(self._y, out_of_fold)
        self._study.tell(asked, value)
        return value

    def _encoder(self) -> Any:
        numbers = make_pipeline(SimpleImputer(), StandardScaler())
        others = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        return make_column_transformer((numbers, self._numeric), (others, self._rest))


def _network(inputs: int, outputs: int, layers: int, width: int, dropout: float) -> nn.Module:
    modules: list[nn.Module] = []
    for _ in range(layers):
        modules += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*modules, nn.Linear(inputs, outputs))


def _fit(
    network: nn.Module,
    train: tuple[Array, Array],
    valid: tuple[Array, Array],
    params: Mapping[str, Any],
) -> Array:
    """Return the probabilities of the validation rows at the epoch of the best score."""
    x, x_valid = torch.from_numpy(train[0]), torch.from_numpy(valid[0])
    y = torch.from_numpy(train[1].astype(np.int64))
    epochs, batch = int(params["epochs"]), int(params["batch_size"])
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=float(params["learning_rate"]), weight_decay=float(params["l2"])
    )
    steps = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    best, stale, kept = -np.inf, 0, copy.deepcopy(network.state_dict())
    for _ in range(epochs):
        network.train()
        for rows in torch.randperm(len(x)).split(batch):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), float(params["clip"]))
            optimizer.step()
            schedule.step()
        value = _score(valid[1], _probabilities(network, x_valid))
        stale += 1
        if value > best:
            best, stale, kept = value, 0, copy.deepcopy(network.state_dict())
        if stale >= int(params["patience"]):
            break
    network.load_state_dict(kept)
    return _probabilities(network, x_valid)


def _probabilities(network: nn.Module, x: torch.Tensor) -> Array:
    network.eval()
    with torch.inference_mode():
        return network(x).softmax(1).double().numpy()  # type: ignore[no-any-return]


def _score(y: Array, probabilities: Array) -> float:
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(y, probabilities[:, 1]))
    return -float(log_loss(y, probabilities / probabilities.sum(axis=1, keepdims=True)))


def _numeric(cells: list[str]) -> bool:
    try:
        return bool([float(cell) for cell in cells if cell.strip() not in MISSING])
    except ValueError:
        return False


def _cell(cell: str, *, numeric: bool) -> Any:
    if not numeric:
        return cell.strip()
    return np.nan if cell.strip() in MISSING else float(cell)
