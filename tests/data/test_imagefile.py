"""Archives of images: folders or tables of labels, sizes and modes, and what is broken."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from automl.core.catalog import Modality
from automl.core.errors import DatasetUnreadable
from automl.core.schema import Profile
from automl.data import arrays, read, table
from automl.data.bomb import refuse_bomb
from automl.data.imagefile import common_size
from tests.data.files import codes, only, put
from tests.data.pictures import GREEN, RED, noise, picture, tarred, zipped

BOTH = {"a/1.png": noise(1), "a/2.png": noise(2), "b/3.png": noise(3)}


def take(folder: Path, content: bytes, limit: int = 1 << 30) -> tuple[Profile, Path]:
    out = folder / "table.parquet"
    source = put(folder, content, "images")
    profile = read.ingest(source, name="images", media_type=None, out=out, unpacked_limit=limit)
    assert list(folder.iterdir()) == [source, out] or list(folder.iterdir()) == [out, source]
    return profile, out


def pixels(profile: Profile, path: Path) -> npt.NDArray[Any]:
    return arrays.read(path, profile.columns[0]).values


def message(profile: Profile, code: str) -> str:
    return next(warning.message for warning in profile.warnings if warning.code == code)


@pytest.mark.parametrize(
    ("pack", "form"),
    [(zipped, "zip"), (tarred, "tar"), (lambda files: tarred(files, "w:gz"), "tar")],
)
def test_folders_are_classes(
    pack: Callable[[dict[str, bytes]], bytes], form: str, tmp_path: Path
) -> None:
    files = {"__MACOSX/._1.png": b"", "set/.DS_Store": b"", "set/read.me": b"hello"}
    files |= {f"set/{name}": content for name, content in BOTH.items()}
    profile, path = take(tmp_path, pack(files))
    assert (profile.modality, profile.format, profile.rows) == (Modality.IMAGE, form, 3)
    assert profile.columns[0].shape == (6, 8, 3)
    assert only(profile, "y").labels == ("a", "b")
    assert table.text(path, "y") == ["a", "a", "b"]
    assert "MODALITY_GUESSED" not in codes(profile)
    assert "read.me" in message(profile, "FILES_IGNORED")
    first = np.asarray(Image.open(io.BytesIO(noise(1))))
    np.testing.assert_array_equal(pixels(profile, path)[0], first)


def test_an_upper_pair_of_folders_is_the_official_split(tmp_path: Path) -> None:
    files = {f"data/{part}/{name}": content for part in ("train", "test")
             for name, content in BOTH.items()}  # fmt: skip
    profile, path = take(tmp_path, zipped(files))
    assert [column.name for column in profile.columns] == ["X", "y", "part"]
    assert table.text(path, "part") == ["train"] * 3 + ["test"] * 3
    assert table.text(path, "y") == ["a", "a", "b"] * 2


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    profile, _ = take(tmp_path, zipped({"train/1.png": noise(1), "bus/1.png": noise(2)}))
    assert only(profile, "y").labels == ("bus", "train")


def test_a_table_names_files_and_targets(tmp_path: Path) -> None:
    labels = "file,kind,weight\nimages/1.png,x,1.5\n2.png,y,2.5\n3,x,3.5\nno.png,x,1\n"
    files = {f"images/{n}.png": noise(n) for n in (3, 2, 1, 4)}
    profile, path = take(tmp_path, zipped({**files, "labels.csv": labels.encode()}))
    assert [column.name for column in profile.columns] == ["X", "kind", "weight"]
    assert table.text(path, "kind") == ["x", "y", "x"]
    assert table.text(path, "weight") == ["3.5", "2.5", "1.5"]
    assert only(profile, "kind").labels == ("x", "y")
    assert only(profile, "weight").labels == ()
    assert "no.png" in message(profile, "FILES_MISSING")
    assert "4.png" in message(profile, "LABELS_MISSING")


def test_tables_in_the_official_parts(tmp_path: Path) -> None:
    files = {
        "train/1.png": noise(1), "train/labels.csv": b"file,y\n1.png,a\n",
        "test/1.png": noise(2), "test/labels.csv": b"file,y\n1.png,b\n",
    }  # fmt: skip
    profile, path = take(tmp_path, zipped(files))
    assert (table.text(path, "y"), table.text(path, "part")) == (["a", "b"], ["train", "test"])
    assert profile.rows == 2


def test_all_modes_become_one(tmp_path: Path) -> None:
    clear = picture(mode="RGBA", colour=(*RED, 0))
    deep = io.BytesIO()
    Image.fromarray(np.full((6, 8), 40_000, np.uint16)).save(deep, "PNG")
    files = {
        "a/rgb.png": picture(), "a/grey.png": picture(mode="L", colour=77),
        "a/alpha.png": clear, "a/palette.gif": picture(mode="P", colour=0, form="GIF"),
        "a/bits.png": picture(mode="1", colour=1), "a/photo.jpg": picture(form="JPEG"),
        "a/cmyk.jpg": picture(mode="CMYK", colour=(0, 0, 0, 0), form="JPEG"),
        "a/deep.png": deep.getvalue(), "a/b.webp": picture(form="WEBP"),
        "a/c.bmp": picture(form="BMP"), "a/d.tif": picture(form="TIFF"),
    }  # fmt: skip
    profile, path = take(tmp_path, zipped(files))
    x = pixels(profile, path)
    assert x.shape == (11, 6, 8, 3)
    assert (x[0] == RED).all()
    assert (x[1] == 77).all()
    assert (x[2] == 255).all()  # what is transparent lies on white
    assert (x[4] == 255).all()
    assert (x[6] == 255).all()
    assert (x[7] == 156).all()
    assert (x[9] == RED).all()


def test_grey_alone_has_no_axis_of_channels(tmp_path: Path) -> None:
    palette = Image.new("L", (8, 6), 9).convert("P")
    file = io.BytesIO()
    palette.save(file, "PNG")
    files = {"a/1.png": picture(mode="L", colour=3), "b/2.png": file.getvalue()}
    profile, path = take(tmp_path, zipped(files))
    assert profile.columns[0].shape == (6, 8)
    assert pixels(profile, path)[:, 0, 0].tolist() == [3, 9]


def test_exif_turns_a_photograph(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 4), RED)
    image.paste(GREEN, (0, 0, 4, 4))  # left half
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn to the right
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif)
    profile, path = take(
        tmp_path, zipped({"a/1.png": file.getvalue(), "b/2.png": noise(1, (4, 8))})
    )
    x = pixels(profile, path)
    assert x.shape == (2, 8, 4, 3)
    assert (x[0, 0] == GREEN).all()
    assert (x[0, -1] == RED).all()


def test_other_sizes_are_fitted_with_their_shape_kept(tmp_path: Path) -> None:
    files = {f"a/{n}.png": noise(n, (10, 10)) for n in range(3)}
    files["b/wide.png"] = picture((40, 20))
    profile, path = take(tmp_path, zipped(files))
    x = pixels(profile, path)
    assert x.shape == (4, 10, 10, 3)
    assert (x[3, 3:7] == RED).all()
    assert (x[3, 0] == 0).all()
    assert (x[3, -1] == 0).all()
    assert "2 sizes" in message(profile, "IMAGES_RESIZED")


@pytest.mark.parametrize(
    ("sizes", "common"),
    [
        ({(32, 32): 5}, (32, 32)),
        ({(32, 32): 5, (900, 10): 4}, (32, 32)),
        ({(10, 20): 1, (30, 40): 1, (50, 60): 1}, (30, 40)),
        ({(448, 896): 3}, (112, 224)),
        ({(224, 224): 100_000}, (60, 60)),
        ({(1, 3000): 2}, (1, 224)),
    ],
)
def test_the_common_size(sizes: dict[tuple[int, int], int], common: tuple[int, int]) -> None:
    assert common_size(sizes, 3) == common


def test_broken_files_are_counted_and_named(tmp_path: Path) -> None:
    cut = noise(9, (64, 64))[:600]  # its header is good
    files = {**BOTH, "a/cut.png": cut, "b/text.jpg": b"hello", "b/empty.png": b""}
    profile, path = take(tmp_path, zipped(files))
    assert profile.rows == 3
    assert table.text(path, "y") == ["a", "a", "b"]
    told = message(profile, "BROKEN_FILES")
    assert told.startswith("3 of 6 images")
    assert all(name in told for name in ("cut.png", "text.jpg", "empty.png"))


def flood(width: int, height: int) -> bytes:
    """Return a PNG whose header promises so many pixels, and none behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def linked(kind: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        info = tarfile.TarInfo("a/1.png")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    return file.getvalue()


def zip_link() -> bytes:
    info = zipfile.ZipInfo("a/1.png")
    info.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr(info, "/etc/passwd")
    return file.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "no images": (lambda: zipped({"a.csv": b"x,y\n1,2\n"}), "no images"),
    "all broken": (lambda: zipped({"a/1.png": b"x", "b/2.png": b"y"}), "None of the 2 images"),
    "all cut": (
        lambda: zipped({f"a/{n}.png": noise(n, (64, 64))[:600] for n in range(2)}),
        "None of the 2 images",
    ),
    "no folder": (lambda: zipped({"1.png": noise(1), "2.png": noise(2)}), "one folder a class"),
    "masks": (
        lambda: zipped({"images/1.png": noise(1), "masks/1.png": noise(2)}), "not supported yet"
    ),
    "no file column": (
        lambda: zipped({"1.png": noise(1), "labels.csv": b"a,b\n1,2\n"}), "a column 'file'"
    ),
    "listed twice": (
        lambda: zipped({"1.png": noise(1), "labels.csv": b"file,y\n1.png,2\n1,3\n"}), "twice"
    ),
    "nothing listed": (
        lambda: zipped({"1.png": noise(1), "labels.csv": b"file,y\n7.png,2\n"}), "No image has"
    ),
    "a column X": (
        lambda: zipped({"1.png": noise(1), "labels.csv": b"file,X\n1.png,2\n"}), "another name"
    ),
    "flood": (lambda: zipped({"a/1.png": flood(30_000, 30_000)}), "pixels"),
    "small flood": (lambda: zipped({"a/1.png": flood(9_000, 9_000)}), "pixels"),
    "many floods": (
        lambda: zipped({f"a/{n}.png": flood(7_000, 7_000) for n in range(9)}), "200 bytes of pixels"
    ),
    "climbing": (lambda: zipped({"a/../../1.png": noise(1)}), "leads out of it"),
    "absolute": (lambda: tarred({"/a/1.png": noise(1)}), "leads out of it"),
    "drive": (lambda: zipped({"C:/a/1.png": noise(1)}), "leads out of it"),
    "nested": (lambda: zipped({**BOTH, "b/more.zip": zipped(BOTH)}), "another one"),
    "nested tar": (lambda: tarred({**BOTH, "b/m.zip": zipped(BOTH)}), "another one"),
    "zip link": (zip_link, "link"),
    "tar link": (lambda: linked(tarfile.SYMTYPE), "link"),
    "hard link": (lambda: linked(tarfile.LNKTYPE), "link"),
    "device": (lambda: linked(tarfile.CHRTYPE), "link or a device"),
    "cut tar": (lambda: tarred(BOTH)[:700], "images|damaged"),
    "cut tar.gz": (lambda: tarred(BOTH, "w:gz")[:-30], "ends too early"),
    "tar bomb": (lambda: tarred({"a/1.png": bytes(40 << 20)}, "w:gz"), "200:1"),
    "not PIL's": (lambda: zipped({"a/1.png": b"%!PS-Adobe-3.0 EPSF-3.0\n"}), "None of the 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_refused_leaves_nothing(name: str, tmp_path: Path) -> None:
    make, why = HOSTILE[name]
    source = put(tmp_path, make(), "images")
    with pytest.raises(DatasetUnreadable, match=why):
        read.ingest(
            source,
            name="images",
            media_type=None,
            out=tmp_path / "out",
            unpacked_limit=1 << 30,
        )
    assert list(tmp_path.iterdir()) == [source]


def test_unpacked_bytes_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="the limit"):
        refuse_bomb(put(tmp_path, zipped(BOTH)), unpacked_limit=100)
