"""The faults that the next calls at one door meet, where somebody asked for them and no plan says at which points."""

from __future__ import annotations

from harness import faults
from harness.doors.model.faulty import is_answer
from harness.errors import UsageError, nearest
from harness.faults import Fault
from harness.faults.action import LoseReply
from harness.faults.transport import Duplicate
from harness.records.point import Door


class DueFaults:
    """Faults that are met one after the other, each as often as it says of itself.

    Args:
        door: The door at which they are made.
        more: Actions that can be made here beside those that are answers.
    """

    def __init__(self, door: Door, *, more: tuple[type, ...] = ()) -> None:
        self._door = door
        self._more = more
        self._due: list[tuple[Fault, int]] = []

    def add(self, name: str) -> None:
        """Let the calls after those that meet a fault already meet this one.

        Raises:
            UsageError: It is no fault of the door, or one that needs more than an answer: another address, a new start.
        """
        fault = faults.named(name)
        if not self._can_be_made(fault):
            known = [each.name for each in faults.listed() if self._can_be_made(each)]
            raise UsageError(
                f"{name!r} is no fault that the {self._door} can make by its answer{nearest(name, known)}; "
                f"`crashproof faults {self._door}` lists its faults"
            )
        self._due.append((fault, 1))

    @property
    def next(self) -> tuple[Fault | None, int]:
        """The fault that the next call meets, and which of its calls that is, from 1; None and 0 where none is due."""
        return self._due[0] if self._due else (None, 0)

    def met(self) -> None:
        """Say that a call has met the fault that was due. One that never heals stays due."""
        fault, turn = self._due.pop(0)
        if fault.times != turn:
            self._due.insert(0, (fault, turn + 1))

    def _can_be_made(self, fault: Fault) -> bool:
        makes = isinstance(fault.action, (LoseReply, Duplicate, *self._more)) or is_answer(fault.action)
        return self._door in fault.doors and makes
