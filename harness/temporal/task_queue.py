"""On which task queue work is started that names none: the only one that its worker polls for such tasks."""

from __future__ import annotations

from collections.abc import Collection

from harness.errors import UsageError


def only_queue(polled: Collection[str], *, tasks: str) -> str:
    """Return the task queue that a worker polls, or an empty text where it polls none.

    What a worker would do with a task it does not say before it has it: of several queues none can be chosen.

    Args:
        polled: The task queues that it polls for such tasks.
        tasks: Which tasks: ``workflow`` or ``activity``.

    Raises:
        UsageError: It polls several.
    """
    if len(polled) > 1:
        queues = [repr(queue) for queue in sorted(polled)]
        raise UsageError(
            f"the worker polls {len(polled)} task queues for {tasks} tasks, {', '.join(queues[:-1])} and {queues[-1]}, "
            "and nothing says on which one the work is started: give --task-queue, in a scenario task_queue=..."
        )
    return next(iter(polled), "")
