"""A program that only starts workflows: what its plugin configures is used by nobody."""

import asyncio

from temporalio.client import Client
from temporalio.contrib.langgraph import LangGraphPlugin
from temporalio.contrib.openai_agents import OpenAIAgentsPlugin


async def main(graph) -> None:
    client = await Client.connect("localhost:7233", plugins=[OpenAIAgentsPlugin()])
    print(await client.execute_workflow("Agent", "hello", id="agent", task_queue="agents"))
    print(LangGraphPlugin(graphs={"graph": graph}))


if __name__ == "__main__":
    asyncio.run(main(None))
