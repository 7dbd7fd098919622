"""Queries that build their answers from copies, and validators that only look."""

from copy import deepcopy
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class Readable:
    def __init__(self) -> None:
        self._notes: list[str] = []
        self._by_tag: dict[str, list[str]] = {}

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: len(self._notes) > 9, timeout=timedelta(days=1))

    @workflow.query
    def notes(self) -> list[str]:
        notes = list(self._notes)
        notes.sort()
        notes.append("end")
        return notes

    @workflow.query
    def by_tag(self) -> dict[str, list[str]]:
        tags = deepcopy(self._by_tag)
        tags.pop("private", None)
        counted: dict[str, list[str]] = {}
        for tag, notes in tags.items():
            counted[tag] = self._shortened(notes)
        return counted

    def _shortened(self, notes: list[str]) -> list[str]:
        short: list[str] = []
        for note in notes:
            short.append(note[:10])
        return short

    @workflow.update
    def add(self, tag: str, note: str) -> int:
        self._notes.append(note)
        self._by_tag.setdefault(tag, []).append(note)
        return len(self._notes)

    @add.validator
    def validate_add(self, tag: str, note: str) -> None:
        problems: list[str] = []
        if not tag:
            problems.append("no tag")
        if note in self._notes:
            problems.append("known")
        if problems:
            raise ApplicationError(", ".join(problems))
