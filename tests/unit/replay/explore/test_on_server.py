"""Where a real server goes another way than the path that is walked there, that is said."""

from __future__ import annotations

from typing import Any

import pytest

from harness.replay.explore.move import Move
from harness.replay.explore.on_server import NotProducedError, ServerWalk
from tests.unit.replay.explore.worlds import first


async def test_what_ends_on_the_path_and_is_not_under_way_there_is_said() -> None:
    none: Any = None
    walk = ServerWalk(none, clock=None, worker=none, search=none)
    with pytest.raises(NotProducedError, match="it is not under way there"):
        await walk._make(first(), Move(kind="complete", subject="look_up#1"), None)
