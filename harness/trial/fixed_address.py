"""A fixed address: which worker processes come by it, though each is told an address of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.records.act_facts import FixedAddressTaken
from harness.trial.live_tape import LiveTape
from harness.trial.registry import WorkerRegistry


def telling_fixed_address(
    address: str, *, given: Iterable[str], registry: WorkerRegistry, tape: LiveTape
) -> Callable[[int], int]:
    """Return what says which worker process a connection to the fixed address belongs to, as ``registry.sender`` does.

    The first connection of each is put on the tape, unless its command or a variable names the address: it is then no
    part of its code.

    Args:
        address: The fixed address, ``host:port``; empty: there is none.
        given: The command of the worker and the values of its variables.
        registry: The worker processes.
        tape: The tape.
    """
    is_given = any(address in text for text in given)
    seen = set[int]()

    def sender(port: int) -> int:
        worker = registry.sender(port)
        if worker and not is_given and worker not in seen:
            seen.add(worker)
            tape.note("fixed-address", worker=worker, facts=FixedAddressTaken(address=address))
        return worker

    return sender
