"""Where a value may end up, such as in a command: the records that following it through the code yields."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project_records import ReachedCode


class Uncertainty(StrEnum):
    """What of a value differs from process to process: itself, the order or keys of what it holds, or its identity."""

    VALUE = "value"
    ORDER = "order"
    KEYS = "order of keys"
    IDENTITY = "identity"


class ValueReach(IntEnum):
    """How far a value gets in workflow code: nowhere, out of the function, or into a command."""

    NOWHERE = 0
    AWAY = 1
    COMMAND = 2


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a value of workflow code ends up, such as in the arguments of a command.

    Attributes:
        reach: How far it gets.
        how: In words, as the end of a sentence: "is passed to execute_activity()".
        at: Where.
    """

    reach: ValueReach = ValueReach.NOWHERE
    how: str = ""
    at: Node | None = None


NOWHERE = Destination()


@dataclass(frozen=True)
class ValueStep:
    """Where a value goes next: the expression, what of it is uncertain, and the code that it stands in."""

    node: Node
    kind: Uncertainty
    reached: ReachedCode
