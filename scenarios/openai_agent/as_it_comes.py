"""Broken by what it leaves out: the plugin of the OpenAI Agents SDK as it comes, as in its own first example.

What goes wrong is the plugin's doing (temporalio-openai-agents 1.1.0); the agents beside this one show the way round:

- What the SDK raises by itself, such as for a tool that does not exist, fails the workflow task again and again:
  ``failure_exception_types`` has to name ``AgentsException``.
- An exhausted quota is tried again, and the retry policy has no end.
- Retry-After as a date raises ValueError where it is read, so that what the provider said is lost.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from agents import Agent, ModelSettings, RunConfig, Runner
from temporalio import workflow
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.openai_agents import OpenAIAgentsPlugin
from temporalio.openai_agents.workflow import activity_as_tool
from temporalio.worker import Replayer, Worker

with workflow.unsafe.imports_passed_through():
    from scenarios.openai_agent.activities import service_status

RUN = RunConfig(model="gpt-4o-mini", tracing_disabled=True, trace_include_sensitive_data=False)
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


def replayer() -> Replayer:
    """Return what replays histories of this agent."""
    return Replayer(workflows=[HelloWorldAgent], plugins=[OpenAIAgentsPlugin(register_activities=False)])


async def main() -> None:
    """Work until killed."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**config, plugins=[OpenAIAgentsPlugin()])
    queue = os.environ.get("TEMPORAL_TASK_QUEUE", "hello")
    await Worker(client, task_queue=queue, workflows=[HelloWorldAgent], activities=[service_status]).run()


if __name__ == "__main__":
    asyncio.run(main())
