"""Actions: what a fault does to a message, to the process that sent it, or to the server. Carried out by the rig."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Kill:
    """SIGKILL the worker process and all it started, drop the message, then start the worker again."""


@dataclass(frozen=True)
class Terminate:
    """SIGTERM the worker process, let the message go on, and start the worker again when it is gone."""


@dataclass(frozen=True)
class Pause:
    """SIGSTOP the worker process until another one has been handed its work, then SIGCONT it and let the message go."""


@dataclass(frozen=True)
class KillServer:
    """SIGKILL the Temporal server, and start it again on the same database and port. The worker lives on."""


@dataclass(frozen=True)
class Refuse:
    """Answer the RPC with an error instead of executing it.

    Attributes:
        code: Name of the gRPC status code.
    """

    code: str


@dataclass(frozen=True)
class LoseReply:
    """Execute the message, and let the worker see a broken connection instead of its answer.

    On the wire that is status UNAVAILABLE, which is what gRPC makes of a connection that ends in the middle of a call.
    """


@dataclass(frozen=True)
class ModelError:
    """Answer a model call with an error in the provider's own format.

    Attributes:
        status: HTTP status.
        code: The provider's word for it, such as ``insufficient_quota``.
        message: What it says.
        retry_after: Seconds that the client is asked to wait; 0: it is not told.
        told_as: How it is told: ``retry-after`` in seconds or as an HTTP date (RFC 9110, section 10.2.3), or the
            providers' own ``retry-after-ms``.
    """

    status: int
    code: str
    message: str
    retry_after: float = 0.0
    told_as: Literal["seconds", "milliseconds", "date"] = "seconds"


@dataclass(frozen=True)
class Reset:
    """Reset the connection (TCP RST) instead of answering."""


@dataclass(frozen=True)
class Silence:
    """Keep the connection open and never answer; over when the client gives up."""


@dataclass(frozen=True)
class Truncate:
    """Answer with status 200 and half of the JSON body."""


Action = Kill | Terminate | Pause | KillServer | Refuse | LoseReply | ModelError | Reset | Silence | Truncate
