"""The content of a history file without what is around it: gz and base64 are taken away, never beyond a limit."""

from __future__ import annotations

import binascii
import codecs
import re
import stat
import zlib
from pathlib import Path

from harness.errors import UsageError

LARGEST = 256 * 1024 * 1024
"""How many bytes a history may have where no other limit is given."""

_LAYERS = 4
_HEAD = 64 * 1024
_GZ = b"\x1f\x8b"
_GZ_BITS = 16 + zlib.MAX_WBITS
_BASE64 = re.compile(rb"[A-Za-z0-9+/=_\s-]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_URL_ALPHABET = bytes.maketrans(b"-_", b"+/")
_BINARY_EVENT = re.compile(rb"\n[\x01-\x7f\x80-\xff]{1,5}?\x08\x01", re.DOTALL)
_JSON_EVENT = re.compile(rb'"(?:eventId|event_id|eventType|event_type|events)"\s*:')


class TooLargeError(UsageError):
    """A history file is larger than the limit."""


def content_of(file: Path, *, shown: str = "", largest: int = LARGEST) -> bytes:
    """Return what a file holds once gz and base64, in any order, are taken away.

    Args:
        file: The file.
        shown: Its name in messages; by default the path.
        largest: How many bytes it may hold, packed and unpacked.

    Raises:
        TooLargeError: It holds more.
        UsageError: It cannot be read, is empty, or its gz is broken.
    """
    shown = shown or str(file)
    content = _read(file, shown=shown, largest=largest)
    for _ in range(_LAYERS):
        if content.startswith(_GZ):
            content = _unzipped(content, shown=shown, largest=largest)
        elif _armored(content[:_HEAD]):
            content = _decoded(content, shown=shown)
        else:
            break
    if not content.strip():
        raise UsageError(f"{shown} is empty: expected a workflow history")
    return _utf8(content)


def is_text(content: bytes) -> bool:
    """Tell whether content is text, as JSON is; a history in protobuf's binary form has control characters early on."""
    return not _CONTROL.search(content[:1024])


def looks_like_history(file: Path) -> bool:
    """Tell by the first 64 KiB of a file whether it holds a history, packed or not; False if it cannot be read."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
        for _ in range(_LAYERS):
            if head.startswith(_GZ):
                head = zlib.decompressobj(_GZ_BITS).decompress(head, _HEAD)
            head = _armored(head) or head
    except (OSError, zlib.error, ValueError):
        return False
    head = _utf8(head)
    return bool(_JSON_EVENT.search(head)) if is_text(head) else _is_binary(head)


def _read(file: Path, *, shown: str, largest: int) -> bytes:
    try:
        status = file.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):  # a pipe would be waited for
            raise UsageError(f"cannot read {shown}: it is no regular file")
        if status.st_size > largest:
            raise _too_large(f"{shown} has {_mib(status.st_size)}", largest)
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {shown}: {error.strerror or error}") from error


def _unzipped(content: bytes, *, shown: str, largest: int) -> bytes:
    """Return what gz holds; several of them may follow each other, as ``cat a.gz b.gz`` writes them."""
    parts: list[bytes] = []
    room = largest
    while content.startswith(_GZ):
        unzip = zlib.decompressobj(_GZ_BITS)
        try:
            parts.append(unzip.decompress(content, room + 1))
        except zlib.error as error:
            raise UsageError(f"{shown} is no whole gz file: {error}") from error
        room -= len(parts[-1])
        if room < 0:
            raise _too_large(f"{shown} unpacks to more than {_mib(largest)}", largest)
        if not unzip.eof:
            raise UsageError(f"{shown} is no whole gz file: it ends too early")
        content = unzip.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _armored(head: bytes) -> bytes:
    """Return what the beginning of base64 says; empty if it is none, or nothing that a history could begin with."""
    if not _BASE64.fullmatch(head):
        return b""
    text = _alphabet(head)
    content = binascii.a2b_base64(text[: len(text) // 4 * 4])
    return content if content.startswith(_GZ) or content.lstrip()[:1] in (b"{", b"[") or _is_binary(content) else b""


def _is_binary(head: bytes) -> bool:
    return bool(_BINARY_EVENT.match(head))


def _alphabet(text: bytes) -> bytes:
    return b"".join(text.split()).translate(_URL_ALPHABET).rstrip(b"=")


def _decoded(content: bytes, *, shown: str) -> bytes:
    text = _alphabet(content)
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except ValueError as error:
        raise UsageError(
            f"{shown} holds no workflow history: it begins as base64, and is none as a whole ({str(error).lower()})"
        ) from error


def _utf8(content: bytes) -> bytes:
    """Return text as UTF-8 without mark; shells on Windows write the output of a command as UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace").encode()
    return content.removeprefix(codecs.BOM_UTF8)


def _too_large(what: str, largest: int) -> TooLargeError:
    return TooLargeError(f"{what}, and at most {_mib(largest)} are read; --largest sets another limit")


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.4g} MiB"
