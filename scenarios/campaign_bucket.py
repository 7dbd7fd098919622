"""What the worker of campaigns finds outside: a bucket, whose objects are in a database for each trial."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import parse_qs

_TABLE = "CREATE TABLE IF NOT EXISTS objects (name TEXT PRIMARY KEY, content TEXT)"


def answer(effect: dict[str, Any]) -> dict[str, Any]:
    """Put an object, return one, or say what is directly in a folder."""
    asked = {name: values[0] for name, values in parse_qs(effect["path"].partition("?")[2]).items()}
    file = Path(gettempdir()) / f"campaign-{effect['trial']}.db"
    with closing(sqlite3.connect(file, timeout=4)) as database, database:
        database.execute(_TABLE)
        if effect["method"] == "PUT":
            database.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?)", (asked["object"], effect["body"]["content"])
            )
            return {"ok": True}
        if "folder" in asked:
            return {"names": _names(database, asked["folder"] + "/")}
        found = database.execute("SELECT content FROM objects WHERE name = ?", (asked["object"],)).fetchone()
        return {"content": found[0]} if found else {"status": 404, "body": {"error": "no such object"}}


def _names(database: sqlite3.Connection, folder: str) -> list[str]:
    names = [row[0] for row in database.execute("SELECT name FROM objects WHERE name > ? ORDER BY name", (folder,))]
    below = [name.removeprefix(folder).partition("/")[0] for name in names if name.startswith(folder)]
    return [folder + name for name in dict.fromkeys(below)]
