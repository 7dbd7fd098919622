"""Deadlines, shared by all agents."""

from datetime import datetime, timedelta

from temporalio import workflow

__all__ = ["DeadlineMixin", "Stoppable"]


class DeadlineMixin:
    """Knows when to give up."""

    def give_up_at(self, minutes: int) -> datetime:
        return datetime.now() + timedelta(minutes=minutes)  # finding: CP101


class Stoppable:
    """Can be stopped by a signal."""

    stopped_at: datetime | None = None

    @workflow.signal
    async def stop(self) -> None:
        self.stopped_at = datetime.utcnow()  # finding: CP101
