"""Paths are only names here, and what is opened is opened by activities."""

import io
import json
import os.path
from datetime import timedelta
from pathlib import Path, PurePosixPath

from temporalio import activity, workflow


class Door:
    """Something else that can be opened."""

    def open(self) -> str:
        return "open"

    def connect(self, name: str) -> str:
        return name


@activity.defn
def save(path: str, text: str) -> str:
    Path(path).write_text(text)
    with open(path) as file:
        return str(len(file.read()))


@workflow.defn
class Archivist:
    @workflow.run
    async def run(self, folder: str, text: str) -> str:
        path = PurePosixPath(folder) / "notes" / Path("today").with_suffix(".txt").name
        named = os.path.join(folder, os.path.basename(str(path)))
        door = Door()
        lines = io.StringIO(json.dumps({"text": text, "door": door.open(), "to": door.connect("hall")}))
        print(named)
        return await workflow.execute_activity(
            save, args=[named, lines.read()], start_to_close_timeout=timedelta(minutes=1)
        )
