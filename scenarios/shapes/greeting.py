"""A greeting that another program starts: worker ``python -m scenarios.shapes.greeting``, starter ``….starter``."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)


@activity.defn
async def greet(name: str) -> str:
    """Send a greeting."""
    await plumbing.effect("greeting", {"to": name}, key=f"{activity.info().workflow_id}/greeting")
    return f"Hello, {name}!"


@workflow.defn
class GreetingWorkflow:
    """Greets somebody."""

    @workflow.run
    async def run(self, name: str) -> str:
        """Greet and return the greeting."""
        return await workflow.execute_activity(
            greet, name, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[GreetingWorkflow], activities=[greet])
