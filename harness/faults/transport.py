"""Actions on the way to a service: it cannot be reached, nobody knows its name, or what was sent arrives twice.

They are carried out by the addresses at which a trial's worker processes find the HTTP doors (see
``harness.trial.addresses``) and by the doors themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.action import Impact

REFUSED_SECONDS = 5.0
"""Seconds for which connections are refused at most, where that heals."""


@dataclass(frozen=True)
class RefuseConnections:
    """Let the service go down: the connection of the call is reset, as all others to it, and new ones are refused.

    A call that has arrived cannot be refused any more, so its own connection is reset. What a client sends after that
    is refused for real: the port is closed (ECONNREFUSED).

    Attributes:
        heals: Whether the port is opened again, as soon as the attempt of the call has ended, or else after
            ``REFUSED_SECONDS``.
    """

    heals: bool = True

    @property
    def impact(self) -> Impact:
        """One attempt fails, or every one from then on."""
        return Impact(seconds=REFUSED_SECONDS if self.heals else 0.0, fails_attempts=True)


@dataclass(frozen=True)
class ForgetName:
    """Start the worker again with an address of the service whose host name nobody knows.

    The worker process is killed as by a crash, and its call is not executed. The next ones find in the variables of the
    service a name below ``.invalid``, which no resolver knows (RFC 6761, section 6.4). Nothing heals it: it stands for
    a deployment with a wrong address, or for a name that has gone.
    """

    impact: ClassVar[Impact] = Impact(worker="killed", fails_attempts=True)


@dataclass(frozen=True)
class Duplicate:
    """Let the request arrive twice: the service executes it twice, and the caller hears the first answer.

    That is what a proxy or gateway makes of a request that it sends again because the first answer was late. The
    caller cannot see it.
    """

    impact: ClassVar[Impact] = Impact()
