"""The baseline for series: files are read, and kernels tell waves of different lengths apart."""

import gzip
from pathlib import Path

import numpy as np

from benchmarks import plain_series


def wave(kind: int, steps: int, random: np.random.Generator) -> list[float]:
    turned = (0.3 + 0.2 * kind) * np.arange(steps) + random.uniform(0, 6)
    made: list[float] = (np.sin(turned) + random.normal(0, 0.2, steps)).round(4).tolist()
    return made


def written(path: Path, rows: int, seed: int) -> Path:
    random = np.random.default_rng(seed)
    lines = []
    for row in range(rows):
        steps = int(random.integers(25, 30))
        channels = [",".join(map(str, wave(row % 2, steps, random))) for _ in range(2)]
        lines.append(":".join([*channels, "xy"[row % 2]]))
    path.write_text("@problemName waves\n@classLabel true x y\n@data\n" + "\n".join(lines))
    return path


def test_waves_of_different_lengths_are_told_apart(tmp_path: Path) -> None:
    train, test = written(tmp_path / "a.ts", 40, 0), written(tmp_path / "b.ts", 20, 1)
    assert plain_series.score(train, test, regression=False) == "accuracy 1.0000"


def test_both_sorts_of_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text("@data\n1,?,3:4,5:y\n7:8:n\n")
    wanted = [[[1, np.nan, 3], [4, 5, np.nan]], [[7, np.nan, np.nan], [8, np.nan, np.nan]]]
    x, labels = plain_series.read(tmp_path / "a.ts")
    np.testing.assert_array_equal(x, wanted)
    assert labels == ["y", "n"]
    rows = "series_id,step,d0,d1,label\na,0,1,4,y\na,1,,5,y\na,2,3,,y\nb,0,7,8,n\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(rows.encode()))
    x, labels = plain_series.read(tmp_path / "a.csv.gz")
    np.testing.assert_array_equal(x, wanted)
    assert labels == ["y", "n"]
