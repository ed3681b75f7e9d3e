"""The bundle: equal bytes, a script that needs nothing of ours, and networks that come back."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import automl
from automl.core.catalog import ExportFormat, FamilyName
from automl.core.errors import ArtifactCorrupt, InvalidRows
from automl.data import rows
from automl.export import bundle, predict, scoring
from automl.service.predictions import Predicted, as_csv
from tests.studies import Ended, ended

BARE = """
import runpy, sys
class OnlyThose:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in {"numpy", "onnxruntime"}:
            return None
        raise ModuleNotFoundError(f"{name} is not installed here", name=name)
sys.meta_path.insert(0, OnlyThose())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""An interpreter in which nothing but numpy and onnxruntime is installed."""


@pytest.fixture(scope="module", params=[2, 0])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return ended(tmp_path_factory.mktemp("study"), classes=request.param)


def _unpacked(study: Ended, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(study.result.finished.files[ExportFormat.BUNDLE])) as zipped:
        zipped.extractall(folder)
    return folder


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-W", "error", "-c", BARE, str(folder / "predict.py")]
    return subprocess.run([*command, *arguments], capture_output=True, check=False)


def _service(study: Ended, path: Path) -> bytes:
    """Return what the service answers to ``Accept: text/csv``."""
    scorer = scoring.Scorer(study.result.finished.files[ExportFormat.ONNX])
    scores = scorer.predict(rows.from_file(path, scorer.inputs))
    shares = None if scores.probabilities is None else scores.probabilities.tolist()
    return as_csv(
        Predicted(scores.predictions.tolist(), shares, list(scorer.classes) or None)
    ).encode()


PLAIN = [
    ["size", "price", "colour", "flag"],
    ["50.5", "2000", "red", "1"],
    ["", "NA", "", "0"],
    ["n/a", "?", "never seen", ""],
    [" 1e2 ", "+.5", "très noir", "1"],
    ["-3", "NaN", 'a "quoted" word', "null"],
    ["inf", "1e999", " red ", "0"],
]


def _csv(mark: str, end: str = "\n") -> str:
    return "".join(
        mark.join(
            f'"{cell.replace(chr(34), chr(34) * 2)}"' if '"' in cell else cell for cell in row
        )
        + end
        for row in PLAIN
    )


FILES = {
    "comma": _csv(",").encode(),
    "semicolon": _csv(";", "\r\n").encode(),
    "tab": _csv("\t").encode(),
    "semicolon, said": b"sep=;\r\n" + _csv(";", "\r\n").encode(),
    "pipe, bom": _csv("|").encode("utf-8-sig"),
    "utf-16": _csv(",").encode("utf-16"),
    "windows": _csv(";").encode("windows-1252"),
    "no last line end": _csv(",").rstrip("\n").encode(),
    "other columns in another order": (
        b'flag,"more, of\nit",colour,price,size\n1,x,red,2,3\n\n0,"y\n",blue,,7\n'
    ),
    "no rows": b"size,price,colour,flag\n",
    "a column without a name": b"size,price,colour,flag,\n1,2,red,1,\n",
}


@pytest.mark.parametrize("name", FILES)
def test_the_script_prints_what_the_service_answers(
    study: Ended, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(FILES[name])
    done = _run(_unpacked(study, tmp_path / "bundle"), str(path))
    assert done.stderr == b""
    assert done.stdout == _service(study, path)


def test_the_script_scores_the_whole_file_alike(study: Ended, tmp_path: Path) -> None:
    lines = study.csv.read_text().splitlines()
    path = tmp_path / "many.csv"
    path.write_text("\n".join([lines[0], *(lines[1:] * 8)]) + "\n")
    assert (len(lines) - 1) * 8 > predict.BLOCK == scoring._BLOCK
    done = _run(_unpacked(study, tmp_path / "bundle"), str(path))
    assert done.returncode == 0
    assert done.stdout == _service(study, path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("size,price,colour\n1,2,red\n", "missing column: 'flag'"),
        ("size,price,colour,flag\n1,tall,red,1\n", "row 1: 'price' takes a number, not 'tall'"),
        ("size,price,colour,flag\n1,2,red,1\n1,2,red\n", "line 3 has 3 cells instead of 4"),
        ('size,price,colour,flag\n1,2,"red,1\n', "line 2 holds a quote"),
        ("", "no header line"),
    ],
)
def test_what_does_not_fit_is_named(study: Ended, content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    done = _run(_unpacked(study, tmp_path / "bundle"), str(path))
    assert (done.returncode, done.stdout) == (1, b"")
    assert says in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinite_numbers_are_missing_in_the_file_as_in_the_service(
    study: Ended, infinite: float
) -> None:
    scorer = scoring.Scorer(study.result.finished.files[ExportFormat.ONNX])
    words = np.array([["red"], ["blue"], ["red"]], object)

    def answers(odd: float) -> list[object]:
        numbers = np.array([[odd, 2.0, odd], [30.0, odd, odd]])
        given = {
            "size": numbers[0], "price": 100.0 * numbers[1], "flag": np.array([1.0, odd, 0.0]),
        }  # fmt: skip
        feeds = {name: cells[:, None] for name, cells in given.items()}
        scores = scorer.predict({**feeds, "colour": words})
        shares = scores.probabilities
        return [scores.predictions.tolist(), None if shares is None else shares.tolist()]

    assert answers(infinite) == answers(np.nan)


def test_numbers_are_read_as_the_service_reads_them() -> None:
    from automl.data import number

    cells = [
        "", " ", "1", "01", "0", "-0", "1.", ".5", "1,5", "1.000,5", "1e5", "1E+5", "1_000", "+3",
        "9007199254740993", "-9007199254740992", "9007199254740991", "1e400", "-inf", "Infinity",
        "NONE", "N/A", "x", "٣", "1\u00a0", "--1", "1e", "0x10", "9" * 400, "?", "nan",
    ]  # fmt: skip
    for comma in (False, True):
        theirs = number.parse_few(cells, decimal_comma=comma)
        for cell, value, reading in zip(cells, theirs.values, theirs.reading, strict=True):
            ours = predict.number(cell, decimal_comma=comma)
            if reading == number.Reading.OTHER:
                assert ours is None, cell
            else:
                assert ours is not None, cell
                np.testing.assert_equal(ours, float(value), err_msg=cell)


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "cp932", "gb18030", "cp949"])
def test_what_the_script_cannot_tell_it_does_not_read(encoding: str) -> None:
    words = {"cp932": "東京 テスト", "gb18030": "北京", "cp949": "서울"}.get(encoding, "красный")
    with pytest.raises(predict.Unusable, match="save it as UTF-8"):
        predict.read(f"size\n{words}\n".encode(encoding))


def test_equal_searches_give_equal_bundles(study: Ended, tmp_path: Path) -> None:
    classes = len(study.result.plan.classes)
    again = ended(tmp_path / "again", classes=classes)
    assert again.result.finished.files == study.result.finished.files


def test_a_zip_depends_on_its_entries_alone() -> None:
    entries = [("b", b"2"), ("a/ü", b"1")]
    content = bundle.zipped(entries)
    assert content == bundle.zipped(reversed(entries))
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.namelist() == ["a/ü", "b"]
        assert {info.date_time for info in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert zipped.testzip() is None


def test_everything_is_in_it_and_nothing_carries_code(study: Ended) -> None:
    files = study.result.finished.files
    with zipfile.ZipFile(io.BytesIO(files[ExportFormat.BUNDLE])) as zipped:
        names = set(zipped.namelist())
        assert {"model.onnx", "MODEL_CARD.md", "report.json", "report.html", "predict.py"} <= names
        kinds = {name.rpartition(".")[2] for name in names}
        assert kinds <= {"onnx", "md", "json", "html", "py", "safetensors"}
        assert zipped.read("model.onnx") == files[ExportFormat.ONNX]
        assert zipped.read("report.json") == files[ExportFormat.REPORT]
        described = json.loads(zipped.read("members.json"))
    assert [item["trial"] for item in described] == [
        member.trial for member in study.result.finished.card.members
    ]


def test_networks_come_back_as_modules_and_predict(study: Ended, tmp_path: Path) -> None:
    import torch

    path = tmp_path / "bundle.zip"
    path.write_bytes(study.result.finished.files[ExportFormat.BUNDLE])
    opened = automl.load(path)
    for member in opened.members:
        network = member.family is FamilyName.MLP
        kept = range(1, study.result.plan.folds + 1) if network else [0]  # as its weight is worth
        assert len(member.networks) in kept
        for module, features in zip(member.networks, member.features, strict=True):
            assert isinstance(module, torch.nn.Module)
            answer = module(torch.zeros(2, len(features)))
            assert answer.shape == (2, study.result.plan.outputs)
        assert f"trial {member.trial}, {member.family}, weight" in repr(member)
    assert all(len(line) < 100 for line in repr(opened.members).split(">, <"))
    given = [{"size": 1.5, "price": None, "colour": "red", "flag": True, "more": 1}] * 2
    by_rows = opened.predict(given)
    arrays = {
        "size": np.array([1.5, 1.5]), "price": np.array([np.nan, np.nan]),
        "colour": ["red", "red"], "flag": np.array([True, True]),
    }  # fmt: skip
    by_columns = opened.predict(arrays)
    assert by_rows.predictions.tolist() == by_columns.predictions.tolist()
    assert len(by_rows.predictions) == 2
    with pytest.raises(InvalidRows, match="'price' is missing"):
        opened.predict([{"size": 1}])


def test_a_file_of_another_kind_is_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK nothing")
    with pytest.raises(ArtifactCorrupt, match=r"x\.zip is no bundle"):
        automl.load(path)
    path.write_bytes(bundle.zipped([("model.onnx", b"")]))
    with pytest.raises(ArtifactCorrupt):
        automl.load(path)


def test_the_package_itself_stays_light() -> None:
    script = (
        "import sys, automl; print(sorted({'torch', 'numpy', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
