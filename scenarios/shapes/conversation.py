"""A conversation: signals bring what is said, an update closes it, a query tells what was answered."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def reply(number: int, said: str) -> str:
    """Answer what was said."""
    answer = f"You said: {said}"
    await plumbing.effect("reply", {"text": answer}, key=f"{activity.info().workflow_id}/reply-{number}")
    return answer


@workflow.defn
class ConversationWorkflow:
    """Answers everything that is said, until it is closed."""

    def __init__(self) -> None:
        self._unanswered: deque[str] = deque()
        self._answers: list[str] = []
        self._closed_for = ""

    @workflow.run
    async def run(self) -> list[str]:
        """Converse and return the answers."""
        while True:
            await workflow.wait_condition(lambda: bool(self._unanswered or self._closed_for))
            if not self._unanswered:
                await workflow.wait_condition(workflow.all_handlers_finished)
                return [*self._answers, self._closed_for]
            answer = await workflow.execute_activity(
                reply,
                args=[len(self._answers) + 1, self._unanswered.popleft()],
                start_to_close_timeout=timedelta(minutes=5),
                retry_policy=RETRIES,
            )
            self._answers.append(answer)

    @workflow.signal
    def say(self, text: str) -> None:
        """Say something that wants an answer."""
        self._unanswered.append(text)

    @workflow.update
    def close(self, reason: str) -> str:
        """Close the conversation once everything said is answered."""
        self._closed_for = reason
        return f"closing: {reason}"

    @workflow.query
    def answers(self) -> list[str]:
        """Return the answers so far."""
        return self._answers


if __name__ == "__main__":
    plumbing.main(workflows=[ConversationWorkflow], activities=[reply])
