"""The catalogue of dialects: all that the model server speaks, found by the path of a request."""

from __future__ import annotations

import functools

from harness import extensions
from harness.doors.model import dialects
from harness.doors.model.dialect import Dialect
from harness.doors.model.dialects.openai_chat import OPENAI_CHAT


@functools.cache
def listed() -> tuple[Dialect, ...]:
    """Return every dialect: those of the folder ``dialects``, then those of extensions."""
    modules = (*extensions.modules_of(dialects), *extensions.installed("dialects"))
    return tuple(extensions.by_name(extensions.values_in(modules, Dialect), what="dialects").values())


def dialect_of(path: str) -> Dialect:
    """Return the dialect of a path below the model's door; OpenAI's Chat Completions where it is nobody's."""
    return next((dialect for dialect in listed() if dialect.owns(path)), OPENAI_CHAT)


def operation_of(path: str) -> str:
    """Return the operation of a path below the model's door; one that is not played is its own path."""
    dialect = dialect_of(path)
    if dialect.plays(path) and dialect.operation:
        return dialect.operation
    return path.partition("?")[0].strip("/") or "/"


def served() -> str:
    """Say which requests are answered, for messages."""
    return " and ".join(f"POST /v1/{dialect.path}" for dialect in listed() if dialect.plays(dialect.path))
