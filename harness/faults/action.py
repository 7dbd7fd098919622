"""Actions: what a fault does to a message, to the worker process that sent it, or to the server.

An action is a record that says what is done and what that means for the rest of the trial. How it is done is said where
it is carried out: in ``harness.doors.model.faulty`` where it is an HTTP answer, else in ``harness.trial.striking``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

TERM_SECONDS = 40.0
"""Seconds that a worker process may take to end after SIGTERM before it is killed: a little more than the 30 s that
Kubernetes gives by default."""

CHANGE_SECONDS = 20.0
"""Seconds that it may take for a next version to start, do a workflow task, and be replaced again."""

PATIENCE_SECONDS = 45.0
"""Seconds that an agent may wait for a model that never answers before its activity is timed out as declared."""

LONGEST_WAIT_SECONDS = 70.0
"""Seconds that an agent is given which is asked to wait for longer than a trial can be kept."""


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What an action means for the rest of the trial; by default it meets one message and nothing else.

    Attributes:
        worker: What becomes of the worker process that sent the message; empty: it goes on.
        server: What becomes of the server; empty: it goes on.
        seconds: How much longer than the loss of a worker process it may keep the trial.
        fails_attempts: Whether each message that it meets fails an attempt of the activity, so that the trial takes as
            long as the waits between these attempts.
    """

    worker: Literal["", "killed", "asked to end", "paused"] = ""
    server: Literal["", "killed"] = ""
    seconds: float = 0.0
    fails_attempts: bool = False


class Action(Protocol):
    """What a fault does: a frozen record of any class that states its impact."""

    @property
    def impact(self) -> Impact:
        """What it means for the rest of the trial."""


@dataclass(frozen=True)
class Kill:
    """SIGKILL the worker process and all it started, drop the message, then start the worker again."""

    impact: ClassVar[Impact] = Impact(worker="killed")


@dataclass(frozen=True)
class ChangeCode:
    """Do as ``Kill``, and start the next version of the worker in its place; roll back where it cannot go on.

    Attributes:
        back: Whether it is rolled back in any case, as soon as it has done one workflow task.
    """

    back: bool = False
    impact: ClassVar[Impact] = Impact(worker="killed", seconds=CHANGE_SECONDS)


@dataclass(frozen=True)
class Terminate:
    """SIGTERM the worker process, let the message go on when it takes no task, and start the worker when it is gone."""

    impact: ClassVar[Impact] = Impact(worker="asked to end", seconds=TERM_SECONDS)


@dataclass(frozen=True)
class Pause:
    """SIGSTOP the worker process until another one has been handed its work, then SIGCONT it and let the message go."""

    impact: ClassVar[Impact] = Impact(worker="paused")


@dataclass(frozen=True)
class KillServer:
    """SIGKILL the Temporal server, and start it again on the same database and port. The worker lives on."""

    impact: ClassVar[Impact] = Impact(server="killed")


@dataclass(frozen=True)
class Refuse:
    """Answer the RPC with an error instead of executing it.

    Attributes:
        code: Name of the gRPC status code.
    """

    code: str
    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class LoseReply:
    """Execute the message, and let the worker see a broken connection instead of its answer.

    On the wire that is status UNAVAILABLE, which is what gRPC makes of a connection that ends in the middle of a call.
    """

    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class ModelError:
    """Answer a model call with an error in the provider's own format.

    Attributes:
        status: HTTP status.
        code: The provider's word for it, such as ``insufficient_quota``.
        message: What it says.
        retry_after: Seconds that the client is asked to wait; 0: it is not asked to.
        sent_as: How it is asked: by ``retry-after`` in seconds or as an HTTP date (RFC 9110, section 10.2.3), or the
            providers' own ``retry-after-ms``.
        retry_after_text: What ``retry-after`` says instead, where that is no time to wait.
        headers: Further headers, such as ``x-should-retry``.
        kind: OpenAI's type of the error, where it does not follow from status and code.
    """

    status: int
    code: str
    message: str
    retry_after: float = 0.0
    sent_as: Literal["seconds", "milliseconds", "date"] = "seconds"
    retry_after_text: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = ""

    @property
    def impact(self) -> Impact:
        """Each refused call fails an attempt, and the agent may wait as long as it is asked, within reason."""
        asked = float(self.retry_after_text) if self.retry_after_text.isdigit() else self.retry_after
        return Impact(seconds=min(asked, LONGEST_WAIT_SECONDS), fails_attempts=True)


@dataclass(frozen=True)
class Reset:
    """Reset the connection (TCP RST) instead of answering."""

    impact: ClassVar[Impact] = Impact()


@dataclass(frozen=True)
class Silence:
    """Keep the connection open and never answer; over when the client gives up."""

    impact: ClassVar[Impact] = Impact(seconds=PATIENCE_SECONDS)


@dataclass(frozen=True)
class TimeOut:
    """Never answer, and let the attempt of the activity time out at once, as declared, before its client gives up."""

    impact: ClassVar[Impact] = Impact(fails_attempts=True)


@dataclass(frozen=True)
class Truncate:
    """Answer with status 200 and half of the JSON body."""

    impact: ClassVar[Impact] = Impact()
