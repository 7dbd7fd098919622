"""What a workflow's module calls while it is imported, and the sandbox refuses: the worker does not start."""

import subprocess
from pathlib import Path

from temporalio import workflow
from temporalio.worker import Worker

REVISION = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True)  # finding: CP506
PROMPT = (Path(__file__).parent / "prompt.txt").read_text()  # finding: CP506
subprocess.run(["git", "fetch"], check=True)  # finding: CP506


@workflow.defn
class Tagged:
    @workflow.run
    async def run(self, name: str) -> str:
        await workflow.sleep(1)
        return name


def make(client) -> Worker:
    return Worker(client, task_queue="tagged", workflows=[Tagged])
