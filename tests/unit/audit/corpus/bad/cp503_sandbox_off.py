"""A worker whose workflows run without the sandbox, once for all of them and once for one."""

import asyncio
import signal
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn(sandboxed=False)  # finding: CP503
class NapWorkflow:
    @workflow.run
    async def run(self, seconds: float) -> None:
        await workflow.sleep(seconds)


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    worker = Worker(
        await Client.connect("localhost:7233"),
        task_queue="naps",
        workflows=[NapWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),  # finding: CP503
        graceful_shutdown_timeout=timedelta(seconds=30),
    )
    async with worker:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
