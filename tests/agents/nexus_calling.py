"""Calls a Nexus operation that its own worker serves; with the variable MAKES it makes the endpoint, too."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

import nexusrpc.handler
from temporalio import activity, nexus, workflow
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.service import RPCError
from temporalio.worker import Worker

QUEUE = "notes"


@nexusrpc.service
class Notes:
    write: nexusrpc.Operation[str, str]


@activity.defn
async def compose(topic: str) -> str:
    return f"About {topic}."


@workflow.defn
class Writing:
    @workflow.run
    async def run(self, topic: str) -> str:
        return await workflow.execute_activity(
            compose,
            topic,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


@workflow.defn
class Asking:
    @workflow.run
    async def run(self, topic: str) -> str:
        client = workflow.create_nexus_client(service=Notes, endpoint="notes")
        return await client.execute_operation(Notes.write, topic, schedule_to_close_timeout=timedelta(seconds=90))


@nexusrpc.handler.service_handler(service=Notes)
class NotesHandler:
    @nexus.workflow_run_operation
    async def write(self, ctx: nexus.WorkflowRunOperationContext, topic: str) -> nexus.WorkflowHandle[str]:
        return await ctx.start_workflow(Writing.run, topic, id=f"write-{topic}")


async def make_endpoint(client: Client) -> None:
    worker = EndpointTarget.Worker(namespace=client.namespace, task_queue=QUEUE)
    spec = EndpointSpec(name="notes", target=EndpointTarget(worker=worker))
    try:
        await client.operator_service.create_nexus_endpoint(CreateNexusEndpointRequest(spec=spec))
    except RPCError as error:  # it is there after a restart
        print(error)


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    if os.environ.get("MAKES"):
        await make_endpoint(client)
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[Asking, Writing],
        activities=[compose],
        nexus_service_handlers=[NotesHandler()],
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
