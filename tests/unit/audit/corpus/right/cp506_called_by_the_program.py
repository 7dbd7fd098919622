"""What the sandbox refuses at import is done by the program of the worker, or in a function that no import calls."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from temporalio import activity, workflow
from temporalio.worker import Worker

if TYPE_CHECKING:
    Stamp = Path("stamp").read_text()

PLACE = Path("prompt.txt").parent


@activity.defn
async def note(text: str) -> None: ...


def revision() -> str:
    return subprocess.check_output(["git", "rev-parse", "HEAD"], text=True)


@workflow.defn
class Tagged:
    @workflow.run
    async def run(self, name: str) -> str:
        await workflow.sleep(1)
        return name


def make(client) -> Worker:
    return Worker(client, task_queue="tagged", workflows=[Tagged], activities=[note])


if __name__ == "__main__":
    print(subprocess.check_output(["git", "rev-parse", "HEAD"]))
