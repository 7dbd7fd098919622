"""Planted: what one execution leaves in the worker process reaches another; and a cache that may be shared."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import ClassVar

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
A_WHILE = timedelta(minutes=5)

_LENGTHS: dict[str, int] = {}
"""The length of each title, worked out once: the same whoever asks first."""

_SENT = itertools.count(1)


class Notebook:
    """Notes; the list belongs to the class, and so to everybody."""

    notes: ClassVar[list[str]] = []

    def add(self, note: str) -> list[str]:
        """Add a note and return all there are."""
        self.notes.append(note)
        return list(self.notes)


@activity.defn
async def note_in_class(title: str) -> list[str]:
    """Note the title in a notebook of its own, as it seems."""
    return Notebook().add(title)


@activity.defn
async def note_in_default(title: str, notes: list[str] = []) -> list[str]:  # noqa: B006 - this is what is planted
    """Note the title in a list that is made once, with the function."""
    notes.append(title)
    return list(notes)


@activity.defn
async def measure(title: str) -> int:
    """Return the length of the title, from the cache if it is there."""
    return _LENGTHS.setdefault(title, len(title))


@activity.defn
async def mail_numbered(title: str) -> None:
    """Send a mail with the number that it has among all that the worker process has sent."""
    key = f"{activity.info().workflow_id}/mail"
    await plumbing.effect("mail", {"title": title, "number": next(_SENT)}, key=key)


@workflow.defn
class ClassAttributeShared:
    """The notes of all executions are in one list."""

    @workflow.run
    async def run(self, title: str) -> list[str]:
        """Note the title."""
        return await workflow.execute_activity(
            note_in_class, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES
        )


@workflow.defn
class DefaultArgumentShared:
    """The default argument is one list for all executions."""

    @workflow.run
    async def run(self, title: str) -> list[str]:
        """Note the title."""
        return await workflow.execute_activity(
            note_in_default, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES
        )


@workflow.defn
class ConstantsCached:
    """Right: what is kept in the process is the same for everybody."""

    @workflow.run
    async def run(self, title: str) -> int:
        """Measure the title."""
        return await workflow.execute_activity(measure, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


@workflow.defn
class MailsNumbered:
    """The mails are numbered by how many the worker process has sent, and not by whose they are."""

    @workflow.run
    async def run(self, title: str) -> None:
        """Mail the title."""
        await workflow.execute_activity(mail_numbered, title, start_to_close_timeout=A_WHILE, retry_policy=RETRIES)


if __name__ == "__main__":
    plumbing.main(
        workflows=[ClassAttributeShared, DefaultArgumentShared, ConstantsCached, MailsNumbered],
        activities=[note_in_class, note_in_default, measure, mail_numbered],
    )
