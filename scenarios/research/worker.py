"""The worker of the research agent: ``python -m scenarios.research.worker``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from datetime import timedelta

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

from scenarios.research.activities import run_fallback_step, run_research_step
from scenarios.research.workflows import ResearchAgentWorkflow


def measured(address: str) -> Runtime | None:
    """Return a runtime whose metrics Prometheus finds at an address; None where none is given."""
    if not address:
        return None
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address)))


async def main() -> None:
    """Work until SIGTERM or SIGINT, then give the step under way time to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**config, runtime=measured(os.environ.get("METRICS_ADDRESS", "")))
    worker = Worker(
        client,
        task_queue=os.environ.get("TEMPORAL_TASK_QUEUE", "research"),
        workflows=[ResearchAgentWorkflow],
        activities=[run_research_step, run_fallback_step],
        graceful_shutdown_timeout=timedelta(seconds=30),
    )
    async with worker:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
