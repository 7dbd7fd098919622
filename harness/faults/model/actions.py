"""Actions that only a model's door can carry out: what it answers in place of the model's answer, or how it sends it.

How each is done is said in ``harness.doors.model.faulty`` and ``harness.doors.model.altered``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.faults.action import PATIENCE_SECONDS, Action, Impact

Breaking = Literal["closed", "reset after headers", "short"]
"""``closed``: the connection is closed before anything is sent. ``reset after headers``: status and headers are sent,
and the connection is reset. ``short``: it is closed after half of the bytes that ``content-length`` announces."""

Lack = Literal["no output", "null text", "wrong types", "no usage", "mojibake"]
"""What is wrong with the JSON of an answer. ``no output``: the list of outputs is empty. ``null text``: its text is
null. ``wrong types``: the list of outputs is a text. ``no usage``: tokens are not counted. ``mojibake``: its text holds
bytes that are no UTF-8."""

Instead = Literal[
    "a refusal",
    "half, for length",
    "nothing, filtered",
    "prose",
    "a refusal in words",
    "an empty text",
    "a schema missed",
    "a call of a tool",
    "arguments that are no JSON",
    "arguments of another schema",
    "an unknown tool",
    "two calls with one id",
    "a call twice",
    "twenty calls",
]
"""Another answer that the provider could give. Those of tools take the name of the tool from the answer, or from the
request where the answer calls none."""

StreamBreak = Literal[
    "reset midway",
    "no closing",
    "done without closing",
    "a bad chunk",
    "half a line",
    "an error in band",
    "a stall",
    "comments only",
    "an event twice",
    "events out of order",
    "arguments never completed",
    "failed",
    "incomplete",
]
"""How a stream goes wrong. ``no closing``: it ends cleanly before anything says why. ``done without closing``: of that
only what says that it is over is sent. ``failed`` and ``incomplete`` are events of OpenAI's Responses."""


@dataclass(frozen=True)
class SendBody:
    """Answer with exactly this body.

    Attributes:
        text: The body.
        status: HTTP status.
        content_type: What it says it is.
    """

    text: str
    status: int = 200
    content_type: str = "application/json"
    impact: ClassVar[Impact] = Impact(fails_attempts=True)


@dataclass(frozen=True)
class BreakAnswer:
    """Break the connection while the answer is sent.

    Attributes:
        how: Where.
    """

    how: Breaking
    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class Drip:
    """Answer with one byte a second, so that no time limit between two bytes is ever reached."""

    impact: ClassVar[Impact] = Impact(seconds=PATIENCE_SECONDS)


@dataclass(frozen=True)
class Slow:
    """Answer late: after most of the time that the client says it waits (``x-stainless-read-timeout``).

    Attributes:
        share: Which part of that time.
        usual: Seconds where the client does not say.
        most: Seconds at most.
    """

    share: float = 0.9
    usual: float = 10.0
    most: float = 20.0

    @property
    def impact(self) -> Impact:
        """It keeps the trial for as long as the answer is late."""
        return Impact(seconds=self.most)


@dataclass(frozen=True)
class LeaveOut:
    """Answer with JSON in which something is missing or wrong.

    Attributes:
        what: What.
    """

    what: Lack
    impact: ClassVar[Impact] = Impact()
    needs_answer: ClassVar[bool] = True


@dataclass(frozen=True)
class SayInstead:
    """Answer something else that is well formed.

    Attributes:
        what: What.
    """

    what: Instead
    impact: ClassVar[Impact] = Impact()
    needs_answer: ClassVar[bool] = True


@dataclass(frozen=True)
class BreakStream:
    """Let a stream go wrong.

    Attributes:
        how: How.
    """

    how: StreamBreak
    needs_answer: ClassVar[bool] = True

    @property
    def impact(self) -> Impact:
        """A stall keeps the trial until the agent gives up."""
        return Impact(seconds=PATIENCE_SECONDS if self.how == "a stall" else 0.0)


@dataclass(frozen=True)
class InTurn:
    """Another action for each message that the fault meets, one after the other.

    Attributes:
        actions: The actions, all of which are answers.
    """

    actions: tuple[Action, ...]

    @property
    def impact(self) -> Impact:
        """The longest of all, and each fails an attempt."""
        return Impact(seconds=max(action.impact.seconds for action in self.actions), fails_attempts=True)
