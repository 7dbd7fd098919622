"""The task queue of work that names none is the only one that its worker polls for such tasks."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.temporal.task_queue import only_queue


def test_of_one_task_queue_nothing_need_be_said() -> None:
    assert only_queue(["orders"], tasks="workflow") == "orders"
    assert only_queue([], tasks="workflow") == ""


def test_of_several_each_is_named_with_the_option_that_says_which() -> None:
    with pytest.raises(
        UsageError,
        match=r"polls 3 task queues for workflow tasks, 'a', 'b' and 'c', and nothing says .* give --task-queue, in a "
        r"scenario task_queue=",
    ):
        only_queue(["c", "a", "b"], tasks="workflow")
