"""An agent that keeps answers of other executions in a module that the sandbox passes through."""

import itertools
from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import cache
    from cache import SEEN, count, remember


@activity.defn
async def ask(question: str) -> str:
    return question


@workflow.defn
class CachingAgent:
    @workflow.run
    async def run(self, question: str) -> str:
        if question not in cache.ANSWERS:
            answer = await workflow.execute_activity(ask, question, start_to_close_timeout=timedelta(minutes=1))
            remember(question, answer)
        SEEN.add(question)  # finding: CP201
        cache.ANSWERS.pop("old", None)  # finding: CP201
        return f"{count()} {cache.ANSWERS[question]}"


_numbers = itertools.count()
_log: list[str] = []


@workflow.defn(sandboxed=False)  # finding: CP503
class NumberedAgent:
    @workflow.run
    async def run(self, question: str) -> str:
        number = next(_numbers)  # finding: CP201
        _log.append(question)  # finding: CP201
        return f"{number} {len(_log)}"
