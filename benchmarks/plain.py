"""Baselines that one would write by hand in an hour, for data that is no table of numbers."""

import csv
import gzip
import io
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline, make_union
from torch import nn

from benchmarks import plain_series

Json = Mapping[str, Any]
Arrays = tuple[npt.NDArray[Any], npt.NDArray[Any]]

EPOCHS = 12
BATCH = 128
PEAK = 0.05
MOST_CHANNELS = 4


def score(train: Path, test: Path | None, task: Json) -> str:
    """Return the score of the baseline for the files' kind, with its seconds."""
    begun = time.monotonic()
    if train.suffix in {".npz", ".zip"}:
        found = f"accuracy {images(*_images(train)):.4f}"
        what = f"a small convolutional network, {EPOCHS} epochs"
    elif test is not None and _holds_series(train):
        found = plain_series.score(train, test, regression=task["type"] == "regression")
        what = "MiniRocket and a ridge"
    elif task["target"] in (rows := _rows(train))[0]:
        parts = _texts(rows, _rows(test) if test else None, str(task["target"]))
        found = f"accuracy {texts(*parts):.4f}"
        what = "TF-IDF and logistic regression"
    else:
        return "none for this kind"
    return f"{found}, {what}, {time.monotonic() - begun:.1f} s"


def texts(x: list[str], y: list[str], x_test: list[str], y_test: list[str]) -> float:
    """Return the accuracy of logistic regression on words, word pairs and runs of characters."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    runs = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    model = make_pipeline(make_union(words, runs), LogisticRegression(C=10.0, max_iter=1000))
    return float(accuracy_score(y_test, model.fit(x, y).predict(x_test)))


def images(train: Arrays, test: Arrays) -> float:
    """Return the accuracy of three convolutions with pooling between, SGD in one cycle.

    Of images, or of volumes of numbers.
    """
    torch.manual_seed(0)
    (x, y), (x_test, y_test) = (_tensors(*part) for part in (train, test))
    channels, classes, space = x.shape[1], int(y.max()) + 1, x.ndim - 2
    network = nn.Sequential(
        *(_block(channels, 32, space) + _block(32, 64, space) + _block(64, 128, space)),
        (nn.AdaptiveAvgPool2d if space == 2 else nn.AdaptiveAvgPool3d)(1),
        *(nn.Flatten(), nn.Linear(128, classes)),
    )
    optimizer = torch.optim.SGD(network.parameters(), PEAK, 0.9, nesterov=True, weight_decay=5e-4)
    steps = EPOCHS * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps)
    for _ in range(EPOCHS):
        network.train()
        for rows in torch.randperm(len(x)).split(BATCH):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(x[rows]), y[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        said = torch.cat([network(part).argmax(1) for part in x_test.tensor_split(10)])
    return float((said == y_test).double().mean())


def _block(inputs: int, outputs: int, space: int) -> list[nn.Module]:
    if space == 2:
        flat = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        return [flat, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    solid = nn.Conv3d(inputs, outputs, 3, padding=1, bias=False)
    return [solid, nn.BatchNorm3d(outputs), nn.ReLU(), nn.MaxPool3d(2)]


def _tensors(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    alone = x.ndim == 3 or x.shape[-1] > MOST_CHANNELS
    x = x[:, None] if alone else np.moveaxis(x, -1, 1)
    size = 255.0 if x.dtype == np.uint8 else 1.0
    return torch.tensor(x, dtype=torch.float32) / size, torch.tensor(y, dtype=torch.int64)


def _images(path: Path) -> tuple[Arrays, Arrays]:
    """Return the official parts of an array file, or of a zip of folders; else three to one."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            parts = {name.lower(): file[name] for name in file.files}
        prefix = "x_train" if "x_train" in parts else "x"
        x, y = parts[prefix], parts[prefix.replace("x", "y")]
        if "x_test" in parts:
            return (x, y), (parts["x_test"], parts["y_test"])
    else:
        return _zipped(path)
    a, b, c, d = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    return (a, c), (b, d)


def _zipped(path: Path) -> tuple[Arrays, Arrays]:
    from PIL import Image

    parts: dict[str, tuple[list[Any], list[str]]] = {"train": ([], []), "test": ([], [])}
    with zipfile.ZipFile(path) as file:
        for name in sorted(file.namelist()):
            part, label, *_ = name.split("/")
            if name.endswith("/"):
                continue
            image = Image.open(io.BytesIO(file.read(name))).convert("RGB")
            parts[part][0].append(np.asarray(image))
            parts[part][1].append(label)
    known = sorted(set(parts["train"][1]))
    train, test = (
        (np.stack(images), np.array([known.index(label) for label in labels]))
        for images, labels in parts.values()
    )
    return train, test


def _holds_series(path: Path) -> bool:
    if path.suffix == ".ts":
        return True
    return path.name.endswith(".csv.gz") and {"series_id", "step"} <= set(_rows(path)[0])


def _rows(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def _texts(
    rows: list[list[str]], test: list[list[str]] | None, target: str
) -> tuple[list[str], list[str], list[str], list[str]]:
    header = rows[0]
    label = header.index(target)
    lengths = [sum(len(row[place]) for row in rows[1:]) for place in range(len(header))]
    text = max((place for place in range(len(header)) if place != label), key=lengths.__getitem__)
    y = [row[label] for row in rows[1:]]
    x = [row[text] for row in rows[1:]]
    if test is not None:
        return x, y, [row[text] for row in test[1:]], [row[label] for row in test[1:]]
    a, b, c, d = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    return a, c, b, d
