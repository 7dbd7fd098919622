"""Broken by what it leaves out: the plugin of the OpenAI Agents SDK as it comes, as in its own first example.

What goes wrong is the plugin's doing (temporalio-openai-agents 1.1.0); the agents beside this one show the way round:

- What the SDK raises by itself, such as for a tool that does not exist, fails the workflow task again and again:
  ``failure_exception_types`` has to name ``AgentsException``.
- An exhausted quota is tried again, and the retry policy has no end.
- Retry-After as a date raises ValueError where it is read, so that what the provider said is lost.
- A streamed answer that ends without its last event is taken for the activity's result. The SDK raises in the workflow
  then, and no retry of the activity can heal what is recorded: a model that looks whether a stream is whole, and raises
  where it is not, has it asked for again.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from agents import Agent, ModelSettings, RunConfig, Runner
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.workflow_streams import WorkflowStream
from temporalio.envconfig import ClientConfig
from temporalio.openai_agents import ModelActivityParameters, OpenAIAgentsPlugin
from temporalio.openai_agents.workflow import activity_as_tool
from temporalio.worker import Replayer, Worker

with workflow.unsafe.imports_passed_through():
    from scenarios.openai_agent.activities import service_status

RUN = RunConfig(model="gpt-4o-mini", tracing_disabled=True, trace_include_sensitive_data=False)
STREAMED = ModelActivityParameters(streaming_topic="said")
ASSISTANT = Agent(
    name="Assistant",
    instructions="You only respond in haikus.",
    model_settings=ModelSettings(),
    tools=[activity_as_tool(service_status, start_to_close_timeout=timedelta(seconds=10))],
)


@workflow.defn
class HelloWorldAgent:
    """Asks one agent."""

    @workflow.run
    async def run(self, prompt: str) -> str:
        """Return what the agent says."""
        result = await Runner.run(ASSISTANT, prompt, run_config=RUN)
        return str(result.final_output)


@workflow.defn
class HelloWorldStreamed:
    """Asks one agent, whose answer is streamed to the workflow."""

    @workflow.init
    def __init__(self, prompt: str) -> None:
        self._stream = WorkflowStream()

    @workflow.run
    async def run(self, prompt: str) -> str:
        """Return what the agent says."""
        result = Runner.run_streamed(ASSISTANT, prompt, run_config=RUN)
        async for _ in result.stream_events():
            pass
        return str(result.final_output)


WORKFLOWS = [HelloWorldAgent, HelloWorldStreamed]


def replayer() -> Replayer:
    """Return what replays histories of these agents."""
    plugin = OpenAIAgentsPlugin(model_params=STREAMED, register_activities=False)
    return Replayer(workflows=WORKFLOWS, plugins=[plugin])


async def main() -> None:
    """Work until killed."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**config, plugins=[OpenAIAgentsPlugin(model_params=STREAMED)])
    queue = os.environ.get("TEMPORAL_TASK_QUEUE", "hello")
    await Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=[service_status]).run()


if __name__ == "__main__":
    asyncio.run(main())
