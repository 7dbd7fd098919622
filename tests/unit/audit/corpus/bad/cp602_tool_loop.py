"""An agent that calls tools for as long as the model asks for them."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import openai

RETRIES = RetryPolicy(maximum_attempts=3, non_retryable_error_types=["BadRequestError"])


@activity.defn
async def next_tool(goal: str) -> str:
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Which tool next, to {goal}? Or say done."}]
        )
    return answer.choices[0].message.content or "done"


@activity.defn
async def use_tool(tool: str) -> str:
    return f"{tool} was used"


@workflow.defn
class AgentWorkflow:
    @workflow.run
    async def run(self, goal: str) -> str:
        found = ""
        while True:  # finding: CP602
            tool = await workflow.execute_activity(
                next_tool, goal, start_to_close_timeout=timedelta(minutes=1), retry_policy=RETRIES
            )
            if tool == "done":
                return found
            found = await workflow.execute_activity(
                use_tool, tool, start_to_close_timeout=timedelta(minutes=1), retry_policy=RETRIES
            )
