"""Images, series and volumes over HTTP: uploaded, looked at, fetched again, and predicted."""

import base64
import io
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from typing_extensions import override

from automl.core.catalog import ColumnKind
from automl.core.graph import ElementType, Graph
from automl.core.model import Input, Model
from automl.core.trial import Finish
from automl.export import metadata
from automl.export.onnx import serialize
from tests.api.harness import CARD, Hand, Service, add_dataset, add_study
from tests.data.pictures import noise, picture, zipped
from tests.store.values import model_of

RNG = np.random.default_rng(0)


def npz(**given: npt.ArrayLike) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **given)  # type: ignore[arg-type]
    return file.getvalue()


def upload(service: Service, content: bytes, query: str = "") -> httpx.Response:
    return service.post(f"/v1/datasets{query}", content=content)


IMAGES = RNG.integers(0, 255, (12, 6, 8, 3)).astype(np.uint8)
SERIES = RNG.normal(size=(12, 2, 5)).astype(np.float32)
VOLUMES = RNG.normal(size=(12, 20, 20, 20))


def test_images_show_as_pictures(service: Service) -> None:
    content = npz(X=IMAGES, y=np.arange(12) % 3)
    made = upload(service, content, "?name=pictures").json()
    assert (made["modality"], made["format"], made["rows"]) == ("image", "npz", 12)
    assert (made["shape"], made["classes"], made["columns"]) == ([6, 8, 3], [0, 1, 2], [])
    assert "MODALITY_GUESSED" in {warning["code"] for warning in made["warnings"]}
    path = f"/v1/datasets/{made['id']}"
    assert service.get(path).json() == made
    rows = service.get(f"{path}/preview?rows=2").json()["rows"]
    assert [row["y"] for row in rows] == [0, 1]
    kind, _, data = rows[1]["X"].partition(",")
    assert kind == "data:image/png;base64"
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    np.testing.assert_array_equal(shown, IMAGES[1])
    answer = service.get(f"{path}/download")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/x-npz"
    assert "pictures.npz" in answer.headers["content-disposition"]


def test_series_show_as_numbers_and_large_arrays_not_at_all(service: Service) -> None:
    x = SERIES.copy()
    x[0, 1, 4] = np.nan
    made = upload(service, npz(X=x, y=RNG.normal(size=12))).json()
    assert (made["modality"], made["shape"], made["classes"]) == ("series", [2, 5], None)
    rows = service.get(f"/v1/datasets/{made['id']}/preview").json()["rows"]
    assert len(rows) == 12
    assert rows[0]["X"][1][4] is None
    assert rows[1]["X"][0][0] == pytest.approx(x[1, 0, 0])
    made = upload(service, npz(X=VOLUMES, y=np.array(list("ab" * 6)))).json()
    assert (made["modality"], made["shape"]) == ("volume", [20, 20, 20])
    assert made["classes"] == ["a", "b"]
    rows = service.get(f"/v1/datasets/{made['id']}/preview?rows=1").json()["rows"]
    assert rows == [{"X": None, "y": "a"}]


def test_archives_of_images_by_form_and_by_modality(service: Service) -> None:
    content = zipped({f"{'ab'[n % 2]}/{n}.png": noise(n) for n in range(6)} | {"b/x.png": b"no"})
    form = {"file": ("shapes.zip", content, "application/zip")}
    made = service.post("/v1/datasets", files=form, data={"modality": "image"}).json()
    assert (made["format"], made["rows"], made["classes"]) == ("zip", 6, ["a", "b"])
    told = {warning["code"]: warning["message"] for warning in made["warnings"]}
    assert "b/x.png" in told["BROKEN_FILES"]
    answer = service.get(f"/v1/datasets/{made['id']}/download")
    assert answer.headers["content-type"] == "application/zip"
    refused = service.post("/v1/datasets", files=form, data={"modality": "series"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "modality")


@pytest.mark.parametrize(
    "content",
    [
        npz(X=IMAGES, y=np.arange(3)),
        npz(X=IMAGES.astype(object), y=np.arange(12)),
        zipped({"a/1.png": b"no"}),
        zipped({"../a/1.png": picture()}),
        b"@problemName x\n@data\n1,2:a\n",
    ],
)
def test_bad_files_leave_nothing(service: Service, content: bytes) -> None:
    before = service.get("/v1/datasets").json()["items"]
    answer = upload(service, content)
    assert (answer.status_code, answer.json()["reason"]) == (422, "DATASET_UNREADABLE")
    assert service.get("/v1/datasets").json()["items"] == before


def study(service: Service, dataset: str, **more: Any) -> httpx.Response:
    body = {
        "dataset_id": dataset,
        "task": {"type": "classification"},
        "budget": {"trials": 2},
        **more,
    }
    return service.post("/v1/studies?dry_run=true", json=body)


def test_what_a_study_of_arrays_refuses(service: Service) -> None:
    labels = np.arange(12) % 2
    made = upload(service, npz(X=IMAGES, y=labels)).json()["id"]
    other = upload(service, npz(X=IMAGES[:, :5], y=labels)).json()["id"]
    answer = study(service, made, test_dataset_id=other)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "test_dataset_id")
    for change in ({"use": False}, {"kind": "numeric"}, {"kind": "series"}):
        answer = study(service, made, columns={"X": change})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "columns.X")
    answer = study(service, made, columns={"y": {"kind": "image"}})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "columns.y")
    table = upload(service, b"a,b\n" + b"".join(b"%d,%d\n" % (n, n % 2) for n in range(40)))
    answer = study(service, table.json()["id"])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "task.target")


INPUT = Input("X", ColumnKind.IMAGE, "array", shape=(6, 8), dtype="uint8")


class Painter(Hand):
    """A worker whose model says ``red`` with an image's mean brightness as its probability."""

    @override
    def model(self, finish: Finish) -> Model:
        card = replace(CARD, inputs=(INPUT,))
        graph = Graph()
        x = graph.input("X", "array", dtype=np.uint8, shape=INPUT.shape)
        x = graph.node("Cast", x, to=ElementType.DOUBLE)
        flat = graph.node("Reshape", x, graph.constant([-1, 48], np.int64))
        weights = graph.constant(np.full((48, 1), 1 / 48 / 255))
        red = graph.node("MatMul", flat, weights)
        both = graph.node("Concat", graph.node("Sub", graph.constant([[1.0]]), red), red, axis=1)
        index = graph.node("ArgMax", both, axis=1, keepdims=0)
        labels = graph.constant(["blue", "red"])
        graph.output("prediction", graph.node("Gather", labels, index, axis=0))
        graph.output("probabilities", both)
        facts = metadata.write(card, seed=0, dataset_sha256="d", spec_sha256="s", version="0")
        file = serialize(graph, metadata=facts)
        kept = self.store.artifacts.put(finish.tenant, "application/octet-stream", [file])
        with self.store.unit() as unit:
            ended = unit.studies.get(finish.tenant, finish.study_id)
        return model_of(self.store, ended, card, kept)


@pytest.fixture(scope="module")
def model(service: Service) -> str:
    """A model of grey images."""
    made = add_study(service.store, add_dataset(service.store), trials=2)
    Painter(service.store).run(made.id)
    with service.store.unit() as unit:
        return str(unit.studies.get("default", made.id).model_id)


def test_a_model_says_what_arrays_it_takes(service: Service, model: str) -> None:
    shown = service.get(f"/v1/models/{model}").json()["inputs"]
    assert shown == [{"name": "X", "kind": "image", "shape": [6, 8], "dtype": "uint8"}]


def test_images_are_predicted_alike_however_they_are_sent(service: Service, model: str) -> None:
    path = f"/v1/models/{model}/predict"
    files = {f"{n}.png": noise(n, mode="L") for n in range(3)}
    x = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files.values()])
    shares = x.mean(axis=(1, 2)) / 255
    bodies: list[dict[str, Any]] = [
        {"json": {"rows": [{"X": row.tolist()} for row in x]}},
        {"json": {"X": x.tolist()}},
        {"content": npz(X=x), "headers": {"Content-Type": "application/x-npz"}},
        {"content": zipped(files), "headers": {"Content-Type": "application/zip"}},
    ]
    for body in bodies:
        answer = service.post(path, **body)
        assert answer.status_code == 200
        np.testing.assert_allclose(np.array(answer.json()["probabilities"])[:, 1], shares)
        assert answer.json()["predictions"] == [
            "red" if share > 0.5 else "blue" for share in shares
        ]
    one = service.post(path, content=files["1.png"], headers={"Content-Type": "image/png"}).json()
    assert one["probabilities"][0][1] == pytest.approx(shares[1])
    photo = picture((80, 60), (0, 0, 0), form="JPEG")
    one = service.post(path, content=photo, headers={"Content-Type": "image/jpeg"}).json()
    assert one["predictions"] == ["blue"]


def test_no_rows_have_no_predictions_however_they_are_written(service: Service, model: str) -> None:
    nothing = {"predictions": [], "probabilities": [], "classes": ["blue", "red"]}
    for name in ("rows", "X"):
        answer = service.post(f"/v1/models/{model}/predict", json={name: []})
        assert (answer.status_code, answer.json()) == (200, nothing)


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"rows": [{"X": [[1, 2], [3, 4]]}]}},
        {"json": {"rows": [{"X": "a picture"}]}},
        {"json": {"X": [[1, 2], [3, 4]]}},
        {"json": {"X": ["a picture"]}},
        {"json": {"rows": [{"y": 1}]}},
        {"content": npz(X=np.zeros((2, 9, 9))), "headers": {"Content-Type": "application/x-npz"}},
        {"content": b"a,b\n1,2\n", "headers": {"Content-Type": "text/csv"}},
    ],
)
def test_arrays_that_do_not_fit_are_named(
    service: Service, model: str, body: dict[str, Any]
) -> None:
    answer = service.post(f"/v1/models/{model}/predict", **body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "INVALID_ROWS")
    assert answer.json()["errors"][0]["field"] == "X"


def test_arrays_are_no_cells_of_a_table(service: Service, ended: Any) -> None:
    rows = {"rows": [{"size": [1, 2]}]}
    answer = service.post(f"/v1/models/{ended.model_id}/predict", json=rows)
    assert (answer.status_code, answer.json()["reason"]) == (422, "INVALID_ROWS")
