"""Error names that Temporal meets: classes raised, types told, errors of a client, and a base that is raised itself."""

from datetime import timedelta

import openai
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

FINAL = "AnswerRefused"


class ToolError(Exception):
    """A tool failed."""


class ToolMissingError(ToolError):
    """There is no such tool."""


def told(error: Exception, *, kind: str = "ToolErrors") -> ApplicationError:
    return ApplicationError(str(error), type=kind)


@activity.defn
async def use_tool(tool: str) -> str:
    if tool not in ("search", "ask"):
        raise ToolMissingError(tool)
    if tool == "search":
        raise ToolError(tool)
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": tool}])
    try:
        int(tool)
    except TypeError as error:
        raise told(error, kind="ToolMissedError") from error
    except ValueError as error:
        raise told(error) from error
    if answer.choices[0].message.refusal:
        raise ApplicationError("refused", type=FINAL)
    return answer.choices[0].message.content or ""


@workflow.defn
class ToolWorkflow:
    @workflow.run
    async def run(self, tool: str) -> str:
        return await workflow.execute_activity(
            use_tool,
            tool,
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(
                maximum_attempts=4,
                non_retryable_error_types=[
                    ToolMissingError.__name__,
                    "ToolError",
                    "ToolErrors",
                    "ToolMissedError",
                    "AnswerRefused",
                    "BadRequestError",
                    "AuthenticationError",
                    "ValueError",
                ],
            ),
        )
