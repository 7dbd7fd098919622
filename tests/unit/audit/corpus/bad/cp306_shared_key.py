"""A mail to each receiver, all under one key: the second looks like the first sent again."""

import asyncio
from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.common import RetryPolicy


@activity.defn
async def mail(receiver: str) -> None:
    headers = {"Idempotency-Key": activity.info().workflow_id}
    async with httpx.AsyncClient(timeout=10) as client:
        await client.post("https://mail.example/send", json={"to": receiver}, headers=headers)  # finding: CP306


@workflow.defn
class NewsWorkflow:
    @workflow.run
    async def run(self, receivers: list[str]) -> None:
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    mail,
                    receiver,
                    start_to_close_timeout=timedelta(seconds=30),
                    retry_policy=RetryPolicy(maximum_attempts=5),
                )
                for receiver in receivers
            )
        )
