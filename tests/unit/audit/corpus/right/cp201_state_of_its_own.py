"""State that belongs to the execution; what modules and classes hold is only read."""

import logging
from contextvars import ContextVar
from datetime import timedelta
from functools import lru_cache

from temporalio import activity, workflow

LIMITS = {"search": 3, "browse": 5}
ANSWERS: dict[str, str] = {}
log = logging.getLogger(__name__)
customer: ContextVar[str] = ContextVar("customer")


@activity.defn
async def ask(question: str) -> str:
    ANSWERS[question] = question
    return question


@lru_cache
def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def collect(note: str, notes: list[str] | None = None) -> list[str]:
    notes = notes or []
    notes.append(note)
    return notes


@workflow.defn
class OwnState:
    turns = 0
    tools: list[str] = []

    def __init__(self) -> None:
        self.tools = []
        self._limits = dict(LIMITS)

    @workflow.run
    async def run(self, question: str) -> list[str]:
        customer.set(question)
        LIMITS_LEFT = dict(LIMITS)
        LIMITS_LEFT["search"] -= 1
        self.turns += 1
        self.tools.append("search")
        self._limits["search"] -= 1
        ANSWERS = [await workflow.execute_activity(ask, question, start_to_close_timeout=timedelta(minutes=1))]
        ANSWERS.append(" ".join(words(question)))
        log.info("answered")
        return collect(question, ANSWERS)
