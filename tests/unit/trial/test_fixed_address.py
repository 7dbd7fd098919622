"""A worker process that comes by the fixed address is told once, unless it was given that address."""

from __future__ import annotations

import pytest

from harness.records.act_facts import FixedAddressTaken
from harness.records.tape import acts
from harness.trial.fixed_address import telling_fixed_address
from harness.trial.live_tape import LiveTape
from harness.trial.registry import WorkerRegistry

FIXED = "localhost:7233"


class Owners(WorkerRegistry):
    """Owns connections by their port: 1 and 2 are those of worker processes, 0 of somebody else."""

    def sender(self, port: int) -> int:
        return port


@pytest.mark.parametrize(
    ("given", "workers"),
    [(("python worker.py",), [1, 2]), (("python worker.py --server localhost:7233",), []), (("x", FIXED), [])],
)
def test_who_comes_by_the_fixed_address(given: tuple[str, ...], workers: list[int]) -> None:
    tape = LiveTape()
    sender = telling_fixed_address(FIXED, given=given, registry=Owners(), tape=tape)
    assert [sender(port) for port in (0, 1, 1, 2)] == [0, 1, 1, 2]
    noted = list(acts(tape.entries, "fixed-address"))
    assert [act.worker for act in noted] == workers
    assert all(act.facts == FixedAddressTaken(address=FIXED) for act in noted)
