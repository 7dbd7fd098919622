"""Workflow code that a test runs in its own process may take as long as a busy machine needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from temporalio.worker import _workflow

SECONDS = 240
"""How long a workflow task may take. The SDK takes one of over two seconds for a deadlock, and fails it."""


@pytest.fixture(scope="session", autouse=True)
def _busy_machine_is_no_deadlock() -> Iterator[None]:
    limit = property(lambda worker: SECONDS, lambda worker, two_seconds: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_workflow._WorkflowWorker, "_deadlock_timeout_seconds", limit, raising=False)
        yield
