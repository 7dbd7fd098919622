"""How the worker of a stage is started: its command, its environment, and the ports at which it finds Temporal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.doors.wire.certificate import Certificate, certificate
from harness.doors.wire.serving import Refused
from harness.doors.wire.worker_ports import WorkerPorts
from harness.processes.command import WorkerCode, environment
from harness.processes.forkserver.pool import ForkServers
from harness.trial.registry import Tasks
from harness.trial.rig import Slot


@dataclass(frozen=True, kw_only=True)
class WorkerSetup:
    """How the worker of a stage is started.

    Attributes:
        command: WorkerCode line, unmodified.
        logs: Folder for the logs of its processes.
        task_queue: Task queue that it must poll; empty: any.
        tasks: Where no task queue is named: for which tasks it must poll one; None: for any.
        env: Environment variables beside those that lead to the doors.
        next_version: The next version of its code; None: there is none.
        address: Fixed address that it has hard-coded, which the wire door then takes; empty: a free one.
        tls: Whether the wire door speaks TLS, with a certificate that it is made to trust.
        strict: Whether an exit that nobody asked for ends the trial at once.
        fork_servers: Where its processes are forked if they can be; None: every one is started cold.
    """

    command: str
    logs: Path
    task_queue: str = ""
    tasks: Tasks | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    next_version: WorkerCode | None = None
    address: str = ""
    tls: bool = False
    strict: bool = True
    fork_servers: ForkServers | None = None

    @property
    def certificate(self) -> Certificate | None:
        """The certificate of the wire door, where it speaks TLS."""
        return certificate(self.address.rpartition(":")[0]) if self.tls else None

    @property
    def given(self) -> tuple[str, ...]:
        """Its command, and the values of the variables that it has without the doors."""
        return (self.command, *environment({}, given=self.env).values())

    def ports(self, sender: Callable[[int], int], *, refused: Refused) -> WorkerPorts:
        """Return the ports of the wire door, as it needs them; ``sender`` and ``refused`` as for them."""
        return WorkerPorts(sender=sender, fixed=self.address, certificate=self.certificate, refused=refused)

    def environment(self, number: int, *, address: str, slot: Slot) -> dict[str, str]:
        """Return the whole environment of its process of that number; 0: of the user's own starter.

        Args:
            number: Number of the process.
            address: Address of the wire door.
            slot: Its slot.
        """
        return environment(
            {
                "TEMPORAL_ADDRESS": address,
                "TEMPORAL_NAMESPACE": "default",
                **({"TEMPORAL_TASK_QUEUE": self.task_queue} if self.task_queue else {}),
                **slot.environment(number),
                **(self.certificate.environment if self.certificate else {}),
            },
            given=self.env,
        )
