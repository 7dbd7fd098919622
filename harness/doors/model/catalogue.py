"""The catalogue of dialects: all that the model server speaks, found by the path of a request."""

from __future__ import annotations

import functools
import json
from typing import Any

from harness import extensions
from harness.doors.model import dialects
from harness.doors.model.dialect import Dialect
from harness.doors.model.dialects.openai_chat import OPENAI_CHAT

STREAM = ".stream"
"""The end of the name of an operation that asks for a stream."""


@functools.cache
def listed() -> tuple[Dialect, ...]:
    """Return every dialect: those of the folder ``dialects``, then those of extensions."""
    modules = (*extensions.modules_of(dialects), *extensions.installed("dialects"))
    return tuple(extensions.by_name(extensions.values_in(modules, Dialect), what="dialects").values())


def dialect_of(path: str) -> Dialect:
    """Return the dialect of a path below the model's door; OpenAI's Chat Completions where it is nobody's."""
    owners = sorted((dialect for dialect in listed() if dialect.owns(path)), key=lambda dialect: -len(dialect.path))
    return owners[0] if owners else OPENAI_CHAT


def operation_of(path: str, body: bytes = b"") -> str:
    """Return the operation of a request to a path below the model's door; one that is not played is its own path."""
    dialect = dialect_of(path)
    if dialect.plays(path) and dialect.operation:
        return f"{dialect.operation}{STREAM}" if dialect.streams(_request(body)) else dialect.operation
    return path.partition("?")[0].strip("/") or "/"


def served() -> str:
    """Say which requests are answered, for messages."""
    served = [f"{dialect.method} /v1/{dialect.path}" for dialect in listed() if dialect.plays(dialect.path)]
    return " and ".join([", ".join(served[:-1]), *served[-1:]])


def _request(body: bytes) -> Any:
    if b'"stream"' not in body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
