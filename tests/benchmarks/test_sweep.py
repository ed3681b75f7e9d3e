"""The sweep of candidates on a processor: the program that a GPU is measured with, as a whole."""

import sys
from pathlib import Path

import pytest

from benchmarks import sweep
from tests import tables


def test_candidates_together_score_as_they_do_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tables.mixed(tmp_path / "mixed.csv", rows=120)
    asked = ["--candidates", "6", "--epochs", "5", "--widths", "32", "--no-plain"]
    monkeypatch.setattr(sys, "argv", ["sweep", f"{table}:y", *asked, "--device", "cpu"])
    sweep.main()
    _, _, *lines = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    sides = ["one at a time", "folds together", "candidates together"]
    assert [line[2] for line in cells] == 2 * sides  # of the one width, and of all
    assert {line[5] for line in cells} == {cells[0][5]}  # the best value, to four digits
    assert all(float(line[7]) < 1e-3 for line in cells)
    assert all(line[8] == "" for line in cells)  # nobody is asked how busy a processor is
