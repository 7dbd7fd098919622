from __future__ import annotations

import base64
import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.histories.unwrapping import TooLargeError, content_of, is_text, looks_like_history

TEXT = b'{"events": [{"eventId": "1"}]}'
BINARY = b"\n\x04\x08\x01\x18\x01"
Wrap = Callable[[bytes], bytes]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.json"


@pytest.mark.parametrize("content", [TEXT, BINARY])
@pytest.mark.parametrize(
    "wraps",
    [
        (),
        (gzip.compress,),
        (base64.b64encode,),
        (base64.encodebytes,),
        (base64.urlsafe_b64encode, lambda text: text.rstrip(b"=")),
        (gzip.compress, base64.b64encode),
        (base64.b64encode, gzip.compress),
        (gzip.compress, gzip.compress),
        (lambda content: gzip.compress(content[:25]) + gzip.compress(content[25:]),),
    ],
)
def test_gz_and_base64_are_taken_away(file: Path, content: bytes, wraps: tuple[Wrap, ...]) -> None:
    wrapped = content
    for wrap in wraps:
        wrapped = wrap(wrapped)
    file.write_bytes(wrapped)
    assert content_of(file) == content
    assert is_text(content) == (content == TEXT)
    assert looks_like_history(file)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_text_of_other_shells_is_read(file: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    file.write_bytes((mark + TEXT.decode()).encode(encoding))
    assert content_of(file) == TEXT
    assert looks_like_history(file)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"words only", b"\x89PNG\r\n\x1a\n\0\0", b"AAAA", gzip.compress(b"words", mtime=0)]
)
def test_what_does_not_begin_as_a_history(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert not looks_like_history(file)
    assert not looks_like_history(file.with_name("none"))


def test_limits_are_of_what_is_packed_and_of_what_is_unpacked(file: Path) -> None:
    file.write_bytes(TEXT)
    assert content_of(file, largest=len(TEXT)) == TEXT
    with pytest.raises(TooLargeError, match=r"^shown has .* at most .* MiB are read; --largest sets another limit$"):
        content_of(file, shown="shown", largest=len(TEXT) - 1)
    file.write_bytes(gzip.compress(TEXT * 100))
    assert content_of(file, largest=len(TEXT) * 100) == TEXT * 100
    with pytest.raises(TooLargeError, match="unpacks to more than"):
        content_of(file, largest=len(TEXT) * 100 - 1)


@pytest.mark.parametrize("layers", [1, 2])
def test_bomb(file: Path, layers: int) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeeze.compress(b"[" * 2**20) for _ in range(256)) + squeeze.flush()
    file.write_bytes(bomb if layers == 1 else gzip.compress(bomb))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match=r"some\.json unpacks to more than 4 MiB"):
            content_of(file, largest=4 * 2**20)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(TEXT, mtime=0)[:-9], "is no whole gz file: it ends too early"),
        (gzip.compress(TEXT, mtime=0)[:10] + b"\xff" * 20, "is no whole gz file"),
        (base64.b64encode(TEXT)[:21], "begins as base64, and is none as a whole"),
    ],
)
def test_broken_files(file: Path, content: bytes, told: str) -> None:
    file.write_bytes(content)
    with pytest.raises(UsageError, match=rf"some\.json .*{told}"):
        content_of(file)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none: No such file"):
        content_of(tmp_path / "none")
    with pytest.raises(UsageError, match="cannot read"):
        content_of(tmp_path)
    with pytest.raises(UsageError, match=r"cannot read .*: it is no regular file"):
        content_of(Path(os.devnull))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="cannot read pipe: it is no regular file"):
        content_of(tmp_path / "pipe", shown="pipe")
