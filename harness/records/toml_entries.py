"""Files of entries in TOML that users review and keep: a heading, and one table (``[[name]]``) for each entry."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError, nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

OWN_FILE = "crashproof.toml"
"""Where a configuration stands that is not in pyproject.toml; its tables need no ``tool.crashproof`` there."""

TABLES = ("audit", "prices")
"""The tables that a configuration may have."""


def read_toml(file: Path, *, called: str = "") -> dict[str, Any]:
    """Return what a TOML file says.

    Args:
        file: The file.
        called: What the file is, for the errors.

    Raises:
        UsageError: It cannot be read, or is no TOML.
    """
    named = f"{called} {file}".strip()
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {named}: {error.strerror or error}") from error
    except ValueError as error:  # of a number with thousands of digits, too
        raise UsageError(f"{named} is no TOML: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{named} is nested too deeply") from error


def read_configuration(file: Path) -> dict[str, Any]:
    """Return what a file with a configuration of crashproof's says.

    Raises:
        UsageError: It cannot be read, is no TOML, or has a table of crashproof's that nobody reads: it is misspelt.
    """
    read = read_toml(file)
    tools = read.get("tool")
    own = tools.get("crashproof") if isinstance(tools, dict) else None
    named = list(own) if isinstance(own, dict) else []
    if file.name == OWN_FILE:
        named += [name for name in read if name != "tool"]
    for name in named:
        if name not in TABLES:
            raise UsageError(f"{file}: crashproof has no table [{name}]{nearest(name, TABLES)}")
    return read


def read_entries(file: Path, *, table: str, called: str = "") -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the entries of a file, each with the place where it stands, in words.

    Args:
        file: The file.
        table: Name of the tables; the file may hold no other.
        called: What the file is, for the errors.

    Raises:
        UsageError: The file cannot be read, is no TOML, or holds something else.
    """
    read = read_toml(file, called=called)
    unknown = [name for name in read if name != table]
    entries = read.get(table, [])
    if unknown or not isinstance(entries, list):
        raise UsageError(f"{file}: expected [[{table}]] tables only, found {', '.join(unknown) or 'something else'}")
    for number, entry in enumerate(entries, 1):
        where = f"{file}, entry {number}"
        if not isinstance(entry, dict):
            raise UsageError(f"{where}: expected a table")
        yield entry, where


def entry_text(entry: DataclassInstance, *, table: str, with_empty: bool = False) -> str:
    """Return an entry as TOML: a key for each field that is a text or a date.

    Args:
        entry: The record.
        table: Name of the table.
        with_empty: Whether empty texts are written too, to be filled in.
    """
    lines = [f"[[{table}]]"]
    for each in fields(entry):
        value = getattr(entry, each.name)
        if isinstance(value, date):
            lines.append(f"{each.name} = {value.isoformat()}")
        elif value or (with_empty and value is not None):
            # A JSON text is a TOML text, but for the sign DEL.
            lines.append(f"{each.name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f"))
    return "\n".join([*lines, ""])


def write_entries(file: Path, entries: Iterable[str], *, head: str, called: str = "") -> None:
    """Write entries below a heading, so that the file is either the old one or the new one, whatever happens.

    Raises:
        UsageError: The file cannot be written.
    """
    unfinished = file.with_name(f".{file.name}.new")
    try:
        unfinished.write_text("\n".join([head, *entries]), encoding="utf-8")
        unfinished.replace(file)
    except OSError as error:
        raise UsageError(f"cannot write {called} {file}: {error.strerror or error}".replace("  ", " ")) from error
