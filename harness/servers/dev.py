"""The development server of the Temporal CLI: own process, own database file, to be killed and started again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.processes.ports import IP
from harness.servers.lifecycle import Server


class DevServer(Server):
    """A server that ``async with`` starts, and kills at the end: its database is as safe as after a stop.

    Measured with server 1.29.1 on 2 shared cores: start on a new file 0.3 to 0.45 s, with 50 namespaces 0.4 s;
    start again after SIGKILL 0.13 to 0.3 s; SIGKILL until gone 10 ms; stop by SIGTERM 1.7 to 2.4 s. A namespace is made
    at run time in 10 to 70 ms, 20 at once in 55 to 165 ms, and can be used at once. Server 1.29 hands out no activity
    eagerly; server 1.32 does, in the reply to the workflow task that scheduled it.

    Args:
        binary: The Temporal CLI.
        folder: Folder of its logs and, unless given, its database.
        database: SQLite file; made with its schema if missing, else gone on from.
        port: Port to listen on; 0 for a free one, which then stays the same over restarts.
        namespaces: Namespaces to make beside ``default``.
        search_attributes: Name and type (``Keyword``, ``Int``, …) of each search attribute to make.
        dynamic_config: Further server settings, as key and JSON value.
        skips_time: Whether workflows may ask it to skip time, which server 1.32 and later know.
        ui_port: Port of Temporal's Web UI, which the Temporal CLI has in it; 0 for none.
    """

    engine = "dev"
    database: Path

    def __init__(
        self,
        binary: Path,
        *,
        folder: Path,
        database: Path | None = None,
        port: int = 0,
        namespaces: Sequence[str] = (),
        search_attributes: Mapping[str, str] = {},
        dynamic_config: Mapping[str, object] = {},
        skips_time: bool = False,
        ui_port: int = 0,
    ) -> None:
        super().__init__(folder=folder, database=database or folder / "temporal.db", port=port, namespaces=namespaces)
        self.binary = binary
        self.ui_port = ui_port
        self.search_attributes = dict(search_attributes)
        self.dynamic_config = {**_ONE_PARTITION, **(_SKIPPING if skips_time else {}), **dynamic_config}

    def _command(self, port: int) -> list[str]:
        command = [str(self.binary), "server", "start-dev", "--ip", IP, "--port", str(port)]
        command += ["--ui-ip", IP, "--ui-port", str(self.ui_port)] if self.ui_port else ["--headless"]
        command += ["--log-level", "warn", "--db-filename", str(self.database)]
        for pragma in _PRAGMAS:
            command += ["--sqlite-pragma", pragma]
        for name in self.namespaces:
            if name != "default":
                command += ["--namespace", name]
        for name, kind in self.search_attributes.items():
            command += ["--search-attribute", f"{name}={kind}"]
        for key, value in self.dynamic_config.items():
            command += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
        return command


def server(binary: Path, *, folder: Path, skips_time: bool) -> DevServer:
    """Make a server of the engine ``dev``; see ``harness.servers.engine``."""
    return DevServer(binary, folder=folder, skips_time=skips_time)


_SKIPPING: Mapping[str, object] = {
    "frontend.WorkflowTimeSkippingEnabled": True,
    "history.timerProcessorMaxTimeShift": "50ms",
}
"""What makes time skip in workflows that ask for it, and makes timers come when they are due.

A timer is looked at up to 1 s late, in case the clocks of several machines differ. Here is one machine, and each retry
whose backoff was skipped would come a second later: a ladder of four retries took 4.0 s, and takes 0.4 s.
"""

_ONE_PARTITION: Mapping[str, object] = {
    "matching.numTaskqueueReadPartitions": 1,
    "matching.numTaskqueueWritePartitions": 1,
}
"""One partition for each task queue, as for a queue of low traffic, in place of four.

Each partition is loaded, stored and asked for by itself, and hands on to the first one what it cannot match. That took
a sixth of the server's CPU time, for the queues of a trial and of the server's own workers in its namespace. A worker
sees nothing of it: tasks that wait come to it in the order of their making.
"""

_PRAGMAS = ("journal_mode=wal", "synchronous=off")
"""What was written survives the death of the server process, which is what is tried here, and not that of the machine.

Waiting for the disk at each write does harm here: on a busy disk a task was once recorded as started while the poll
answer that should have carried it never came, as if the write had taken longer than the server allows.
"""
