"""Files that unpack without end: how soon they are refused, and what that takes.

Beside them a small honest file, for what the start of the ingest child costs.
"""

import io
import statistics
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import track

from tests.endurance.screen import say
from tests.endurance.service import little, running
from tests.endurance.weight import Ingests, megabytes

COUNT = 10
MOST_SECONDS, MOST_BYTES = 1.0, 100e6
GIB = 1 << 30
WORKBOOK = {
    "[Content_Types].xml": b"<Types/>",
    "xl/workbook.xml": b"<workbook/>",
}


def run(folder: Path, count: int) -> list[str]:
    """Upload each bomb ``count`` times; return what was broken."""
    with running(folder, workers=1) as service, httpx.Client(base_url=service.url) as http:
        good = little(folder / "good.csv").read_bytes()
        http.post("/v1/datasets", content=good).raise_for_status()  # and its bell warms a worker up
        files = {name: make() for name, make in BOMBS.items()} | {"an honest CSV file": good}
        broken = []
        for name, content in files.items():
            answers, spans = [], []
            with Ingests(service) as ingests:
                for _ in track(range(count), name):
                    began = time.monotonic()
                    answers.append(http.post("/v1/datasets", content=content, timeout=120))
                    spans.append(time.monotonic() - began)
            told = {answer.status_code for answer in answers}
            worst = max(spans)
            say(
                f"{name}, {megabytes(len(content))}: {told}, median "
                f"{statistics.median(spans):.2f} s, at most {worst:.2f} s, "
                f"{megabytes(ingests.peak)}; {answers[0].json().get('detail', '')}"
            )
            if name in BOMBS and told != {422}:
                broken.append(f"{name}: answered with {told}")
            if name in BOMBS and (worst >= MOST_SECONDS or ingests.peak >= MOST_BYTES):
                broken.append(f"{name}: {worst:.2f} s, {megabytes(ingests.peak)}")
    return broken


def gzip_bomb() -> bytes:
    """Return a CSV file of two gigabytes, gzipped."""
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(b"a,b\n")
    line = b"1,2\n" * (1 << 18)
    packed += b"".join(packer.compress(line) for _ in range(2 * GIB >> 20))
    return packed + packer.flush()


def zip_bomb(parts: Mapping[str, bytes] = {}) -> bytes:
    """Return a zip of three gigabytes of nothing."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, content in parts.items():
            package.writestr(name, content)
        for number in range(3):
            with package.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
                for _ in range(GIB >> 20):
                    part.write(bytes(1 << 20))
    return file.getvalue()


def directory_bomb() -> bytes:
    """Return a zip of half a million empty files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for number in range(500_000):
            package.writestr(zipfile.ZipInfo(f"xl/{number}"), b"")
    return file.getvalue()


def parquet_bomb() -> bytes:
    """Return a Parquet file of one number two billion times: run lengths hide it."""
    return _repeated(pa.array(np.zeros(1 << 24, dtype=np.int64)), times=128)


def text_bomb() -> bytes:
    """Return a Parquet file of one long text sixteen million times: a dictionary hides it."""
    value = pa.array(["a" * 10_000])
    codes = pa.array(np.zeros(1 << 24, dtype=np.int32))
    return _repeated(pa.DictionaryArray.from_arrays(codes, value), times=1)


def pixel_bomb() -> bytes:
    """Return a zip of one image of a billion black pixels."""
    return _zipped({"a/1.png": _black(32_000, 32_000)})


def pixels_bomb() -> bytes:
    """Return a zip of two hundred images, each of as many black pixels as are taken of one."""
    image = _black(8_000, 8_000)
    return _zipped({f"a/{number}.png": image for number in range(200)})


def tar_bomb() -> bytes:
    """Return a tar of two gigabytes of nothing, gzipped."""
    info = tarfile.TarInfo("a/1.png")
    info.size = 2 * GIB
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(info.tobuf())
    packed += b"".join(packer.compress(bytes(1 << 20)) for _ in range(2 * GIB >> 20))
    return packed + packer.flush()


def arrays_bomb() -> bytes:
    """Return an .npz of three gigabytes of noughts."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package,
        package.open("X.npy", "w", force_zip64=True) as part,
    ):
        shape = {"descr": "|u1", "fortran_order": False, "shape": (3, GIB)}
        np.lib.format.write_array_header_1_0(part, shape)
        for _ in range(3 * GIB >> 20):
            part.write(bytes(1 << 20))
    return file.getvalue()


def _black(width: int, height: int) -> bytes:
    """Return a PNG of black pixels, made without holding them."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def _zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    return file.getvalue()


def _repeated(column: pa.Array, *, times: int) -> bytes:
    file = io.BytesIO()
    table = pa.table({"a": column})
    with pq.ParquetWriter(file, table.schema) as writer:
        for _ in range(times):
            writer.write_table(table, row_group_size=len(column))
    return file.getvalue()


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "a gzip bomb": gzip_bomb,
    "a zip bomb": zip_bomb,
    "a workbook bomb": lambda: zip_bomb(WORKBOOK),
    "a zip of many names": directory_bomb,
    "a flood of pixels": pixel_bomb,
    "many floods of pixels": pixels_bomb,
    "a tar bomb": tar_bomb,
    "a bomb of arrays": arrays_bomb,
    "a Parquet bomb": parquet_bomb,
    "a Parquet file of long text": text_bomb,
}
