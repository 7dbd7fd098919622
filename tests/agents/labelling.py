"""Labels its run by search attributes of its own: one before its activity, others after."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.worker import Worker

TOPIC = SearchAttributeKey.for_keyword("NoteTopic")
LENGTH = SearchAttributeKey.for_int("NoteLength")
TAGS = SearchAttributeKey.for_keyword_list("NoteTags")


@activity.defn
async def write(topic: str) -> str:
    return f"About {topic}."


@workflow.defn
class Labelling:
    @workflow.run
    async def run(self, topic: str) -> int:
        workflow.upsert_search_attributes([TOPIC.value_set(topic)])
        note = await workflow.execute_activity(
            write,
            topic,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
        workflow.upsert_search_attributes([LENGTH.value_set(len(note)), TAGS.value_set(["green", "wet"])])
        return len(note)


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    async with Worker(client, task_queue="labels", workflows=[Labelling], activities=[write]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
