"""Planted: no retry policy, so a request that the model refuses with 400 is sent again for ever."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing


@activity.defn
async def ask_model(question: str) -> str:
    return await plumbing.ask(question)


@workflow.defn
class AskWithoutEnd:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(ask_model, question, start_to_close_timeout=timedelta(minutes=5))


if __name__ == "__main__":
    plumbing.main(workflows=[AskWithoutEnd], activities=[ask_model])
