"""The worker of the support agents: ``python -m scenarios.openai_agent.worker``."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.envconfig import ClientConfig
from temporalio.openai_agents import ModelActivityParameters, OpenAIAgentsPlugin
from temporalio.worker import Replayer, Worker

from scenarios.openai_agent.activities import open_ticket, service_status
from scenarios.openai_agent.models import CheckedModels
from scenarios.openai_agent.workflows import SupportWorkflow

MODEL_CALLS = ModelActivityParameters(
    start_to_close_timeout=timedelta(minutes=2),
    heartbeat_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60), maximum_attempts=5
    ),
    streaming_topic="letter",
    streaming_batch_interval=timedelta(seconds=2),
)


def plugin() -> OpenAIAgentsPlugin:
    """Return the plugin as this agent needs it: retries are bounded, and a hung call is noticed."""
    return OpenAIAgentsPlugin(model_params=MODEL_CALLS, model_provider=CheckedModels())


def replayer() -> Replayer:
    """Return what replays histories of these agents: ``crashproof replay --replayer`` takes it."""
    return Replayer(workflows=[SupportWorkflow], plugins=[plugin()])


async def main() -> None:
    """Work until SIGTERM or SIGINT, then give the activities under way time to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**config, plugins=[plugin()])
    worker = Worker(
        client,
        task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "support"),
        workflows=[SupportWorkflow],
        activities=[open_ticket, service_status],
        graceful_shutdown_timeout=timedelta(seconds=30),
    )
    async with worker:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
