"""Whole files: every cell comes back, and what cannot be read says why."""

import csv
import gzip
import io
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl.core.errors import DatasetUnreadable
from automl.data import read, table
from automl.data.blocks import LONGEST_ROW
from tests.data.files import codes, put, take

CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
SPICY = st.text(alphabet=",;|\t\"'\n\r a1é\u2028\ufeff=<\x1b", max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 5))
    row = st.lists(CELL | SPICY, min_size=width, max_size=width)
    return draw(st.lists(row, min_size=1, max_size=8))


def cells_of(out: Path, names: list[str]) -> list[list[str]]:
    return [list(row) for row in zip(*(table.text(out, name) for name in names), strict=True)]


@settings(max_examples=150)
@given(rows=tables(), delimiter=st.sampled_from(",;\t|"), quote_all=st.booleans())
@example(rows=[["\ufeff", ""]], delimiter=",", quote_all=False)
def test_any_table_comes_back_cell_by_cell(
    rows: list[list[str]], delimiter: str, quote_all: bool, tmp_path: Path
) -> None:
    names = [f"name {index}" for index in range(len(rows[0]))]
    text = io.StringIO(newline="")
    # Minimal quoting leaves a lone CR bare unless it is in the line end.
    # A bare single column whose every row holds as many commas cannot be told from two columns.
    if quote_all or len(names) == 1:
        writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    else:
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([names, *rows])
    profile, out = take(tmp_path, text.getvalue())
    assert [column.name for column in profile.columns] == names
    assert profile.rows == len(rows)
    assert cells_of(out, names) == rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_dialects(delimiter: str, end: str, tmp_path: Path) -> None:
    rows = [["a", "b", "c"], ["1", "x", ""], ["2", '"y ""z""\n,;|\t"', "3"], [], ["4", "w", "5"]]
    text = end.join(delimiter.join(row) for row in rows)
    profile, out = take(tmp_path, text + end)
    assert profile.format == ("tsv" if delimiter == "\t" else "csv")
    assert cells_of(out, ["a", "b", "c"]) == [
        ["1", "x", ""],
        ["2", 'y "z"\n,;|\t', "3"],
        ["4", "w", "5"],
    ]


@pytest.mark.parametrize(
    "said", ["sep=;\r\n", "SEP=;\n", "sep=;;;\n", '"sep=;"\n', "\ufeffsep=;\n"]
)
def test_a_first_line_that_names_the_delimiter_is_obeyed(said: str, tmp_path: Path) -> None:
    profile, out = take(tmp_path, said + "a;b\n1,5;x,y\n2,5;z,w\n")
    assert [column.name for column in profile.columns] == ["a", "b"]
    assert cells_of(out, ["a", "b"]) == [["1,5", "x,y"], ["2,5", "z,w"]]
    with pytest.raises(DatasetUnreadable, match="Line 4 has 1 cells") as caught:
        take(tmp_path, said + "a;b\n1;x\n2,5\n")
    assert caught.value.errors[0].line == 4


def test_decimal_commas_do_not_make_the_delimiter_a_comma(tmp_path: Path) -> None:
    profile, _ = take(tmp_path, "a;b\n1,5;2,25\n3,5;4,75\n")
    assert [column.name for column in profile.columns] == ["a", "b"]


def test_a_single_column_of_sentences_is_one_column(tmp_path: Path) -> None:
    profile, out = take(tmp_path, "text\nhello, you; there\nbye\n\na|b|c, d\n")
    assert profile.rows == 4
    assert table.text(out, "text") == ["hello, you; there", "bye", "", "a|b|c, d"]


ENCODINGS = {
    "utf-8": "",
    "utf-8-sig": "",
    "utf-16": "",
    "utf-16-le": "",
    "utf-16-be": "",
    "utf-32": "",
    "windows-1252": "ENCODING_GUESSED",
    "latin-1": "ENCODING_GUESSED",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_common_encodings(encoding: str, tmp_path: Path) -> None:
    text = "Größe,label\n1,très élégant\n2,naïve\n" + "3,plain ascii text\n" * 50
    profile, out = take(tmp_path, text.encode(encoding))
    assert [column.name for column in profile.columns] == ["Größe", "label"]
    assert table.text(out, "label")[:2] == ["très élégant", "naïve"]
    assert ("ENCODING_GUESSED" in codes(profile)) == bool(ENCODINGS[encoding])


def test_windows_quotes_and_euro_sign(tmp_path: Path) -> None:
    _, out = take(tmp_path, "a,b\n“x”,5 €\n".encode("windows-1252"))
    assert table.text(out, "a") + table.text(out, "b") == ["“x”", "5 €"]


def test_cyrillic_windows_is_recognized(tmp_path: Path) -> None:
    _, out = take(tmp_path, "имя,город\nанна,москва\nпётр,казань\n".encode("windows-1251"))
    assert table.text(out, "город") == ["москва", "казань"]


def test_a_declared_charset_is_obeyed(tmp_path: Path) -> None:
    content = "名前,値\n東京,1\n大阪,2\n".encode("shift_jis")
    _, out = take(tmp_path, content, media_type='text/csv; charset="Shift_JIS"')
    assert table.text(out, "名前") == ["東京", "大阪"]


@pytest.mark.parametrize("charset", ["no-such-thing", "base64", "rot13"])
def test_a_charset_that_is_none_is_refused(charset: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="charset"):
        take(tmp_path, "a,b\n1,2\n", media_type=f"text/csv; charset={charset}")


def test_a_late_foreign_byte_decides_the_encoding_of_the_whole_file(tmp_path: Path) -> None:
    content = b"a,b\n" + b"1,plain\n" * 400_000 + "2,café\n".encode("windows-1252")
    profile, out = take(tmp_path, content)
    assert profile.rows == 400_001
    assert table.text(out, "b")[-1] == "café"


SCRIPTS = {
    "windows-1251": "Москва красный синий цвет",
    "koi8-r": "Москва красный синий цвет",
    "cp866": "МОСКВА КРАСНЫЙ СИНИЙ ЦВЕТ",
    "windows-1253": "Αθήνα κόκκινο μπλε",
    "windows-1255": "שלום ירושלים",
    "windows-1256": "مرحبا بكم في مدينة القاهرة",
    "windows-1250": "Wrocław książka święto żółw",
    "cp932": "東京 カタカナ 日本語テスト",
    "euc_jp": "東京 カタカナ 日本語テスト",
    "gb18030": "北京 上海市 红色 中文测试",
    "big5": "台北 紅色 中文測試",
    "cp949": "서울 빨강 한국어 부산",
}


@pytest.mark.parametrize("rows", [1, 5_000])
@pytest.mark.parametrize("encoding", SCRIPTS)
def test_a_script_tells_its_encoding(encoding: str, rows: int, tmp_path: Path) -> None:
    words = SCRIPTS[encoding].split()
    text = "name,x\n" + "".join(f"{word},{n}\n" for n in range(rows) for word in words)
    profile, out = take(tmp_path, text.encode(encoding))
    assert table.text(out, "name") == words * rows
    (warning,) = [item for item in profile.warnings if item.code == "ENCODING_GUESSED"]
    assert encoding in warning.message


@pytest.mark.parametrize(
    "text",
    [
        "don’t and it’s",
        "naïve café",
        "mean±sd m²",
        "25°C ½¼ µg",
        "“so” – «là»",
        "GRÜßE ÀÉÎ",
        "Œuvre",
    ],
)
def test_signs_and_accents_are_western(text: str, tmp_path: Path) -> None:
    _, out = take(tmp_path, f"a,b\n{text},1\n".encode("windows-1252"))
    assert table.text(out, "a") == [text]


def test_what_is_guessed_reads_all_of_the_file(tmp_path: Path) -> None:
    content = "名前,x\n" + "東京,1\n" * 300_000  # several chunks, cut within characters
    _, out = take(tmp_path, content.encode("cp932") + b"\x80\x80,1\n")  # which is none
    assert len(table.text(out, "x")) == 300_001


def test_damaged_utf8_is_refused_with_its_line_and_not_taken_for_latin(tmp_path: Path) -> None:
    content = "a,b\n1,é\n2,ü\n3,ö\n".encode() + b"4,caf\xe9\n" + "5,ß\n".encode()
    with pytest.raises(DatasetUnreadable, match="Line 5") as caught:
        take(tmp_path, content)
    assert caught.value.errors[0].line == 5


def test_utf16_that_ends_in_half_a_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="utf-16"):
        take(tmp_path, "a,b\n1,2\n".encode("utf-16") + b"x")


def test_gzip_in_several_members(tmp_path: Path) -> None:
    content = gzip.compress(b"a,b\n1,") + gzip.compress(b"2\n3,4\n") + b"\0" * 512
    profile, out = take(tmp_path, content)
    assert profile.rows == 2
    assert cells_of(out, ["a", "b"]) == [["1", "2"], ["3", "4"]]


def test_gzip_that_packs_well_comes_out_whole(tmp_path: Path) -> None:
    plain = b"a,b\n" + b"1,2\n" * 1_500_000
    profile, _ = take(tmp_path, gzip.compress(plain, 1))
    assert profile.rows == 1_500_000


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(b"a,b\n")
    for _ in range(size >> 20):
        packed += packer.compress(b"1,2\n" * (1 << 18))
    return packed + packer.flush()


def test_a_gzip_bomb_is_refused_without_unpacking_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="200:1"):
        take(tmp_path, bomb(64 << 20))
    assert not (tmp_path / "table.parquet").exists()


def test_gzip_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    content = gzip.compress(b"a,b\n" + random.Random(0).randbytes(300_000).hex().encode())
    with pytest.raises(DatasetUnreadable, match="500,000 bytes"):
        take(tmp_path, content, limit=500_000)


@pytest.mark.parametrize("cut", [5, 12, -9, -1])
def test_half_a_gzip_file_is_refused(cut: int, tmp_path: Path) -> None:
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 100)[:cut]
    with pytest.raises(DatasetUnreadable, match="gzip"):
        take(tmp_path, content)


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(random.Random(0).randbytes(20_000).hex().encode()))
    content[3_000] ^= 0xFF
    with pytest.raises(DatasetUnreadable, match="gzip file is damaged"):
        take(tmp_path, bytes(content))


UNREADABLE = {
    "nothing": (b"", "is empty", 1),
    "nothing but blank lines": (b"\n \r\n\n", "is empty", 1),
    "nothing but a mark": (b"\xef\xbb\xbf", "header line", 1),
    "gzip of nothing": (gzip.compress(b""), "is empty", 1),
    "header only": (b"a,b\n", "no rows", 2),
    "header without line end": (b"a,b", "no rows", None),
    "ragged": (b"a,b\n1,2\n3\n", "Line 3 has 1 cells instead of 2", 3),
    "too many cells": (b"a,b\n1,2\n3,4,5\n", "Line 3 has 3 cells instead of 2", 3),
    "open quote": (b'a,b\n1,2\n3,"4\n5,6\n', "Line 3 .* never closed", 3),
    "open quote in the header": (b'a,"b\n1,2\n', "never closed", 1),
    "text after a quote": (b'a,b\n"1"2,3\n', "Line 2 .* after a closing quote", 2),
    "backslash quotes": (rb"a,b" + b"\n" + rb'1,"say \"hi\" to"' + b"\n", "closing quote", 2),
    "NUL": (b"a,b\n1,2\n3,\x004\n", "Line 3 .*NUL", 3),
    "NUL in UTF-16": ("a,b\n1,2\n3,\x004\n".encode("utf-16"), "NUL", 3),
    "equal names": (b"a,b,a\n1,2,3\n", "'a' already stands in column 1", 1),
    "equal names but for spaces": (b"a, a \n1,2\n", "already stands", 1),
    "invisible difference": ("a,a\u200b\n1,2\n".encode(), "already stands", 1),
    "two ways to write é": ("é,e\u0301\n1,2\n".encode(), "already stands", 1),
    "no name at all": (b",,\n1,2,3\n", "names no column", 1),
    "no header": (b"5.1,3.5\n4.9,3.0\n", "add a header line", 1),
    "header too short": (b"a\n1,2\n3,4\n", "Line 2 has 2 cells instead of 1", 2),
    "pdf": (b"%PDF-1.7 ...", "a PDF file; upload CSV", None),
    "zip of nothing": (b"PK\x05\x06" + bytes(18), "an empty zip file; upload CSV", None),
    "gzip of Parquet": (gzip.compress(b"PAR1 ..."), "a Parquet file inside a gzip file", None),
    "gzip of gzip": (gzip.compress(gzip.compress(b"a\n1\n")), "a gzip file inside a gzip", None),
    "an unknown delimiter": (b"sep=:\na:b\n1:2\n", "says that ':' stands between cells", 1),
    "a delimiter and no header": (b"sep=;\n", "no header line", 1),
    "long name": (b"a,%s\n1,2\n" % (b"x" * 1_001), "1,000 characters", 1),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_files_say_what_and_where(case: str, tmp_path: Path) -> None:
    content, message, line = UNREADABLE[case]
    with pytest.raises(DatasetUnreadable, match=message) as caught:
        take(tmp_path, content)
    if line is not None:
        assert caught.value.errors[0].line == line
    assert not (tmp_path / "table.parquet").exists()


def test_a_ten_megabyte_line_is_refused(tmp_path: Path) -> None:
    content = b"a,b\n1,2\n3," + b"x" * (10 << 20) + b"\n4,5\n"
    with pytest.raises(DatasetUnreadable, match="row at line 3 is longer than 8 MiB"):
        take(tmp_path, content)


def test_a_ten_megabyte_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="header"):
        take(tmp_path, b"x" * (10 << 20) + b"\n1\n")


def test_a_long_cell_below_the_limit_comes_back(tmp_path: Path) -> None:
    cell = "x" * (LONGEST_ROW - 100)
    _, out = take(tmp_path, f'a,b\n1,"{cell}"\n2,y\n')
    assert table.text(out, "b") == [cell, "y"]


def test_a_wide_header_beyond_the_sample_is_read(tmp_path: Path) -> None:
    names = [f"{'a rather long name for a column ' * 5}{index}" for index in range(2_000)]
    content = ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n"
    profile, _ = take(tmp_path, content)
    assert [column.name for column in profile.columns] == names


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    content = ",".join(f"c{index}" for index in range(20_001)) + "\n"
    with pytest.raises(DatasetUnreadable, match="20,001 columns"):
        take(tmp_path, content)


def test_a_column_without_a_name_gets_one_and_a_warning(tmp_path: Path) -> None:
    profile, _ = take(tmp_path, ",x,column_1\n0,5,6\n1,7,8\n")
    assert [column.name for column in profile.columns] == ["column_1_", "x", "column_1"]
    assert "UNNAMED_COLUMN" in codes(profile)


@pytest.mark.parametrize("names", ["age,Age", "a b,a_b", "paycode,раусоdе", "ﬁsh,fish"])
def test_lookalike_names_are_kept_and_warned_about(names: str, tmp_path: Path) -> None:
    profile, _ = take(tmp_path, f"{names}\n1,2\n3,4\n")
    assert ",".join(column.name for column in profile.columns) == names
    assert "LOOKALIKE_NAMES" in codes(profile)


def test_names_with_markup_and_control_characters_are_kept(tmp_path: Path) -> None:
    names = ["<b>x</b>", "=1+1", "\x1b[31mred", "a.b", "a", 'q"q', "two\nlines"]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, ["1"] * 7, ["2"] * 7])
    profile, out = take(tmp_path, text.getvalue())
    assert [column.name for column in profile.columns] == names
    assert cells_of(out, names) == [["1"] * 7, ["2"] * 7]


def test_equal_files_give_equal_tables(tmp_path: Path) -> None:
    content = "a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(1_000))
    first = take(tmp_path, content)[1].read_bytes()
    assert take(tmp_path, content)[1].read_bytes() == first


def test_rows_are_counted_over_many_blocks(tmp_path: Path) -> None:
    lines = 150_000
    text = "".join(f'{n},"cell ""{n % 11}"",\n{"x" * 60}"\n' for n in range(lines))
    profile, out = take(tmp_path, "id,b\n" + text)
    assert profile.rows == lines
    numbers, cells = table.text(out, "id"), table.text(out, "b")
    assert numbers == [str(n) for n in range(lines)]
    assert cells[-1] == f'cell "{(lines - 1) % 11}",\n{"x" * 60}'


def test_a_missing_file_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read.ingest(
            put(tmp_path, "a\n1\n").with_name("other"),
            name="x",
            media_type=None,
            out=tmp_path / "out",
            unpacked_limit=1,
        )
