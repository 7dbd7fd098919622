"""The server that a trial killed is there again when its histories are fetched."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.records.plan import Plan, Strike
from harness.trial import trial


@pytest.mark.parametrize(
    ("fault", "alive", "started"),
    [
        ("kill-server", False, 1),
        ("kill-server", True, 0),
        ("kill-worker", False, 0),  # it is shared with others, and its loss ends the trial
    ],
)
async def test_a_server_that_is_not_back_at_the_end_of_its_trial_is_started(
    fault: str, alive: bool, started: int
) -> None:
    starts: list[str] = []

    async def start() -> None:
        starts.append("server")

    place: Any = SimpleNamespace(slot=SimpleNamespace(server=SimpleNamespace(alive=alive, start=start)))
    await trial._server_is_there(place, plan=Plan((Strike(fault, "before/One"),)))
    assert len(starts) == started
