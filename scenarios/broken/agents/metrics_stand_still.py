"""Planted: what it serves to Prometheus is a sign of life alone, and stands still whatever fails."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=5, non_retryable_error_types=["InvalidInputError"]
)


@activity.defn
async def ask_model(question: str) -> str:
    return await plumbing.ask(question)


@workflow.defn
class AskUnmeasured:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


async def sign_of_life(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = b"# TYPE worker_starts_total counter\nworker_starts_total 1\n"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def main() -> None:
    host, _, port = os.environ["METRICS_ADDRESS"].rpartition(":")
    async with await asyncio.start_server(sign_of_life, host, int(port)):
        client = await plumbing.connect()
        await plumbing.work(client, workflows=[AskUnmeasured], activities=[ask_model])


if __name__ == "__main__":
    plumbing.log_to_standard_error()
    asyncio.run(main())
