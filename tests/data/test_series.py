"""Series out of sktime's .ts and long tables, and tables of texts."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from automl.core.catalog import ColumnKind, Modality
from automl.core.errors import DatasetUnreadable
from automl.core.schema import Profile
from automl.data import arrays, read, table
from tests.data.files import codes, only, put

NAN = np.nan
HEAD = "# About\n@problemName Some\n@timeStamps false\n@univariate false\n"
CLASSES = HEAD + "@classLabel true a b\n@data\n"


def take(
    folder: Path, content: str | bytes, modality: Modality | None = None, limit: int = 1 << 30
) -> tuple[Profile, Path]:
    out = folder / "table.parquet"
    source = put(folder, content, "data")
    profile = read.ingest(
        source, name="data", media_type=None, out=out, unpacked_limit=limit, modality=modality
    )
    assert sorted(folder.iterdir()) == sorted([source, out])
    return profile, out


def refused(folder: Path, content: str, why: str, modality: Modality | None = None) -> None:
    with pytest.raises(DatasetUnreadable, match=why):
        take(folder, content, modality)
    assert [path.name for path in folder.iterdir()] == ["data"]


def values(profile: Profile, path: Path) -> npt.NDArray[Any]:
    return arrays.read(path, profile.columns[0]).values


@pytest.mark.parametrize("packed", [False, True])
def test_ts_series_of_several_lengths(packed: bool, tmp_path: Path) -> None:
    text = CLASSES + "1,2,3:4,5,6:a\n\n7,?:8,9.5:b\n1:-1e3:a\n"
    profile, path = take(tmp_path, gzip.compress(text.encode()) if packed else text)
    assert (profile.modality, profile.format, profile.rows) == (Modality.SERIES, "ts", 3)
    assert profile.columns[0].shape == (2, 3)
    assert table.text(path, "y") == ["a", "b", "a"]
    assert only(profile, "y").labels == ("a", "b")
    assert "VARIABLE_LENGTHS" in codes(profile)
    assert "MODALITY_GUESSED" not in codes(profile)
    wanted = [
        [[1, 2, 3], [4, 5, 6]],
        [[7, NAN, NAN], [8, 9.5, NAN]],
        [[1, NAN, NAN], [-1e3, NAN, NAN]],
    ]
    np.testing.assert_array_equal(values(profile, path), np.array(wanted, np.float32))


def test_ts_of_quantities(tmp_path: Path) -> None:
    lines = [f"{n},{n + 1}:{n / 7}" for n in range(60)]
    text = "@problemname Q\r\n@targetlabel true\r\n@data\r\n" + "\r\n".join(lines)
    profile, path = take(tmp_path, text)
    assert only(profile, "y").kind is ColumnKind.NUMERIC
    assert only(profile, "y").labels == ()
    assert values(profile, path)[-1].tolist() == [[59.0, 60.0]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + "@data\n1,2:3\n", "no labels"),
        (HEAD + "@classLabel false\n@data\n1,2\n", "no labels"),
        (CLASSES, "No series"),
        (CLASSES + "1,2:a\n1,2:3,4:a\n", "Line 8: 2 dimensions instead of 1"),
        (CLASSES + "1,x:a\n", "Line 7: 'x' is no number"),
        (CLASSES + "1,2\n", "Line 7: No colon"),
        (HEAD + "1,2:a\n", "Line 5: .*@data"),
        (HEAD.replace("false", "true") + "@data\n", "time stamps"),
    ],
)
def test_ts_says_which_line_is_bad(text: str, why: str, tmp_path: Path) -> None:
    refused(tmp_path, text, why)


def test_a_table_may_begin_with_an_at(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n % 2}\n" for n in range(30))
    assert take(tmp_path, "@missing,@data\n" + rows)[0].modality is Modality.TABLE
    series = "@classLabel true 0 1\n@data\n" + rows.replace(",", ":")
    assert take(tmp_path, series)[0].modality is Modality.SERIES


def test_ts_is_no_image(tmp_path: Path) -> None:
    refused(tmp_path, CLASSES + "1:a\n", "modality 'image'", Modality.IMAGE)


def test_one_long_series_does_not_fill_the_disk(tmp_path: Path) -> None:
    long = ",".join(["1"] * 30_000)
    text = CLASSES + f"{long}:a\n" + "1:b\n" * 10_000
    with pytest.raises(DatasetUnreadable, match="filled up to"):
        take(tmp_path, text, limit=1 << 28)


LONG = "series_id,step,d0,d1,label\n"


def test_a_long_table_is_series(tmp_path: Path) -> None:
    rows = ["s1,0,1,2,a", "s2,5,7,8,b", "s1,2,5,6,a", "s1,1,3,,a", "s2,6,9,10,b"]
    profile, path = take(tmp_path, LONG + "\n".join(rows))
    assert (profile.modality, profile.format, profile.rows) == (Modality.SERIES, "csv", 2)
    assert profile.columns[0].shape == (2, 3)
    wanted = [[[1, 3, 5], [2, NAN, 6]], [[7, 9, NAN], [8, 10, NAN]]]
    np.testing.assert_array_equal(values(profile, path), np.array(wanted, np.float32))
    assert table.text(path, "label") == ["a", "b"]


def test_y_is_a_label_alone_and_beside_another_one_a_place(tmp_path: Path) -> None:
    rows = ["a,0,1,2,u", "a,1,2,3,u", "b,0,4,5,v", "b,1,6,7,v"]
    profile, path = take(tmp_path, "series_id,step,x,y,kind\n" + "\n".join(rows))
    assert [column.name for column in profile.columns] == ["X", "kind"]
    assert values(profile, path)[1].tolist() == [[4, 6], [5, 7]]
    profile, path = take(tmp_path, "series_id,step,x,y\na,0,1,5\na,1,2,5\nb,0,3,6\n")
    assert [column.name for column in profile.columns] == ["X", "y"]
    refused(tmp_path, "series_id,step,x,y\na,0,1,5\na,1,2,6\n", "'y' changes", Modality.SERIES)


def test_gaps_stay_and_large_steps_only_order(tmp_path: Path) -> None:
    rows = ["a,0,1,x", "a,2,3,x", "b,0,5,y", "b,1,6,y", "b,2,7,y"]
    profile, path = take(tmp_path, "series_id,step,value,label\n" + "\n".join(rows))
    np.testing.assert_array_equal(values(profile, path), np.array([[[1, NAN, 3]], [[5, 6, 7]]]))
    rows = ["a,1700000000,1,x", "a,1700003600,3,x", "b,1700000000,5,y"]
    profile, path = take(tmp_path, "series_id,step,value,label\n" + "\n".join(rows))
    np.testing.assert_array_equal(values(profile, path), np.array([[[1, 3]], [[5, NAN]]]))


def test_several_labels_and_the_official_part(tmp_path: Path) -> None:
    rows = [f"{n},{step},{n * step},{n % 2},{n / 4},{'test' if n > 3 else 'train'}"
            for step in range(3) for n in range(6)]  # fmt: skip
    head = "Series_ID,Step,v,kind,weight,part\n"
    profile, path = take(tmp_path, head + "\n".join(rows))
    assert [column.name for column in profile.columns] == ["X", "kind", "weight", "part"]
    assert table.text(path, "part") == ["train"] * 4 + ["test"] * 2
    assert values(profile, path)[5, 0].tolist() == [0, 5, 10]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LONG + "a,0,1,2,x\na,1,2,3,y\n", "'label' changes"),
        (LONG.replace("label", "d2") + "a,0,1,2,3\na,1,2,3,4\n", "as its label is"),
        (LONG + "a,zero,1,2,x\n", "Line 2: 'zero' is no number"),
        (LONG + "a,0,1,2,x\na,0,2,3,x\n", "the step 0 twice"),
        ("a,b\n1,2\n", "without the columns series_id"),
    ],
)
def test_what_should_be_series_and_is_not(text: str, why: str, tmp_path: Path) -> None:
    refused(tmp_path, text, why, Modality.SERIES)


def test_without_labels_a_long_table_stays_a_table(tmp_path: Path) -> None:
    text = "series_id,step,value\n" + "".join(f"{n % 3},{n // 3},{n}\n" for n in range(30))
    assert take(tmp_path, text)[0].modality is Modality.TABLE
    text = LONG + "a,0,1,2,x\na,1,2,3,x\nb,0,2,3,y\n"
    assert take(tmp_path, text)[0].modality is Modality.SERIES
    assert take(tmp_path, text, Modality.TABLE)[0].modality is Modality.TABLE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LONG + "a,0,1,2,x\na,1,2,3,y\n", "'label' changes within a series"),
        (LONG + "a,zero,1,2,x\na,one,3,2,x\n", "'zero' is no number"),
        (LONG.replace("label", "d2") + "a,0,1,2,3\na,1,2,3,4\n", "as its label is"),
    ],
)
def test_what_might_be_series_and_is_taken_for_a_table_is_told(
    text: str, why: str, tmp_path: Path
) -> None:
    profile = take(tmp_path, text)[0]
    told = [warning.message for warning in profile.warnings if warning.code == "MODALITY_GUESSED"]
    assert profile.modality is Modality.TABLE
    assert why in told[0]
    assert "modality=table" in told[0]
    assert "MODALITY_GUESSED" not in codes(take(tmp_path, text, Modality.TABLE)[0])


def test_many_interleaved_series(tmp_path: Path) -> None:
    rows = [f"{n},{step},{n + step / 8},{n % 3}" for step in range(40) for n in range(300)]
    profile, path = take(tmp_path, "series_id,step,value,label\n" + "\n".join(rows))
    assert profile.columns[0].shape == (1, 40)
    wanted = np.arange(300)[:, None, None] + np.arange(40) / 8
    np.testing.assert_array_equal(values(profile, path), wanted)


SENTENCES = [f"word{n} says that number {n} is not the one before" for n in range(40)]


def test_one_text_beside_one_column_is_text(tmp_path: Path) -> None:
    text = "text,label\n" + "".join(f"{line},{n % 2}\n" for n, line in enumerate(SENTENCES))
    profile, _ = take(tmp_path, text)
    assert profile.modality is Modality.TEXT
    assert only(profile, "text").kind is ColumnKind.TEXT
    assert take(tmp_path, text, Modality.TABLE)[0].modality is Modality.TABLE
    three = "text,n,label\n" + "".join(f"{line},{n},{n % 2}\n" for n, line in enumerate(SENTENCES))
    assert take(tmp_path, three)[0].modality is Modality.TABLE


def test_short_texts_are_text_where_it_is_said(tmp_path: Path) -> None:
    text = "words,label\n" + "".join(f"ok{n % 7},{'yes' if n % 2 else 'no'}\n" for n in range(40))
    assert take(tmp_path, text)[0].modality is Modality.TABLE
    profile, _ = take(tmp_path, text, Modality.TEXT)
    assert profile.modality is Modality.TEXT
    assert only(profile, "words").kind is ColumnKind.TEXT
    refused(tmp_path, "a,b,c\n1,2,x\n2,3,y\n", "two columns", Modality.TEXT)


@pytest.mark.parametrize("modality", [Modality.IMAGE, Modality.VOLUME])
def test_a_table_holds_no_arrays(modality: Modality, tmp_path: Path) -> None:
    refused(tmp_path, "a,b\n1,2\n", modality.value, modality)
