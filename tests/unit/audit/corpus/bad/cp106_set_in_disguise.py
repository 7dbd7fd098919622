"""Sets that do not look like sets: dictionary keys subtracted, annotated parameters, a dictionary made from a set."""

from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def answer(prompt: str) -> str:
    return prompt


@dataclass
class Request:
    question: str
    tags: set[str] = field(default_factory=set)


def missing(have: dict[str, str], need: dict[str, str]) -> set[str]:
    return need.keys() - have.keys()


def prompt_of(tags: frozenset[str]) -> str:
    return "Tags: " + ", ".join(tags)  # finding: CP106


@workflow.defn
class TaggedAgent:
    def __init__(self) -> None:
        self._seen: set[str] = set()

    @workflow.run
    async def run(self, request: Request) -> dict[str, str]:
        found = {tag: request.question for tag in request.tags}  # finding: CP106
        for tag in found:
            await self._ask(tag)
        for tag in missing(found, {"weather": ""}):  # finding: CP106
            await self._ask(tag)
        first = next(iter(self._seen))  # finding: CP106
        await self._ask(first)
        await self._ask(prompt_of(frozenset(request.tags)))
        for number, tag in enumerate(self._seen):  # finding: CP106
            found[tag] = await self._ask(f"{number}: {tag}")
        return found

    @workflow.signal
    def saw(self, tag: str) -> None:
        self._seen.add(tag)

    async def _ask(self, prompt: str) -> str:
        return await workflow.execute_activity(answer, prompt, start_to_close_timeout=timedelta(minutes=1))


@workflow.defn
class DigestingAgent:
    @workflow.run
    async def run(self, topics: list[str], tools: list[str]) -> str:
        lengths = {topic: len(topic) for topic in frozenset(topics)}  # finding: CP106
        prompt = f"Digest {', '.join(lengths)}"
        allowed = {tool for tool in tools if tool != "mail"}
        return await workflow.execute_activity(
            answer,
            args=[prompt, allowed],  # finding: CP106
            start_to_close_timeout=timedelta(minutes=1),
        )
