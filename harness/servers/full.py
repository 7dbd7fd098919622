"""The full Temporal server: all its services in one process, persisted in SQLite, and able to skip time by workflow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetSystemInfoRequest,
    GetSystemInfoResponse,
)

from harness.errors import RigError
from harness.processes.ports import IP, free_port, is_free
from harness.servers.lifecycle import Server, method, until_answered

SETTINGS: dict[str, object] = {
    "frontend.WorkflowTimeSkippingEnabled": True,
    "system.forceSearchAttributesCacheRefreshOnRead": True,
    "frontend.persistenceMaxQPS": 10_000,
    "history.persistenceMaxQPS": 45_000,
    "history.timerProcessorMaxTimeShift": "50ms",
}
"""What differs from the server's own settings: time skipping, what the Temporal CLI sets for its own, and timers.

A timer is looked at up to 1 s late, in case the clocks of several machines differ. Here is one machine, and each retry
whose backoff was skipped would come a second later: a ladder of four retries took 4.0 s, and takes 0.4 s.
"""

_SERVICES = ("frontend", "history", "matching", "worker")


class FullServer(Server):
    """A full server that ``async with`` starts, and kills at the end: its database is as safe as after a stop.

    Its configuration is written into its folder at each start: ``server.json`` (JSON is YAML) and ``settings.json``
    (dynamic config). Its namespaces are made at the first start, since it has none of its own.

    Measured with server 1.32.0 on 2 shared cores: start on a new file 0.5 to 0.8 s; start again after SIGKILL 0.2 to
    1.3 s; a namespace is made at run time in 20 to 40 ms, 20 at once in 0.5 s.

    Args:
        binary: The server, built from ``go.temporal.io/server/cmd/server``.
        folder: Folder of its configuration, its logs and, unless given, its database.
        database: SQLite file; made with its schema if missing, else gone on from.
        port: Port to listen on; 0 for a free one, which then stays the same over restarts.
        namespaces: Namespaces to make beside ``default``.
        dynamic_config: Further server settings, as key and JSON value.
    """

    engine = "full"
    database: Path

    def __init__(
        self,
        binary: Path,
        *,
        folder: Path,
        database: Path | None = None,
        port: int = 0,
        namespaces: Sequence[str] = (),
        dynamic_config: Mapping[str, object] = {},
    ) -> None:
        super().__init__(folder=folder, database=database or folder / "temporal.db", port=port, namespaces=namespaces)
        self.binary = binary
        self.dynamic_config = {**SETTINGS, **dynamic_config}
        self._inner_ports: tuple[int, ...] = ()

    def _command(self, port: int) -> list[str]:
        configuration, settings = self.folder / "server.json", self.folder / "settings.json"
        settings.write_text(json.dumps({key: [{"value": value}] for key, value in self.dynamic_config.items()}))
        configuration.write_text(json.dumps(self._configuration(port, settings), indent=2))
        return [str(self.binary), "--config-file", str(configuration), "--allow-no-auth", "start"]

    def _configuration(self, port: int, settings: Path) -> dict[str, Any]:
        return {
            "log": {"stdout": True, "level": "warn"},
            "persistence": {
                "defaultStore": "file",
                "visibilityStore": "file",
                "numHistoryShards": 1,
                "datastores": {"file": {"sql": _store(self.database)}},
            },
            "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": IP}},
            "services": self._services(port),
            "clusterMetadata": _cluster(port),
            "dcRedirectionPolicy": {"policy": "noop"},
            "dynamicConfigClient": {"filepath": str(settings), "pollInterval": "10s"},
        }

    def _services(self, port: int) -> dict[str, Any]:
        """Return the ports of the services: the same at each start, since the database remembers them for a while."""
        if not self._inner_ports or not all(is_free(inner) for inner in self._inner_ports):
            self._inner_ports = _distinct_ports(2 * len(_SERVICES) - 1, besides=port)
        rpc, membership = (port, *self._inner_ports[:3]), self._inner_ports[3:]
        return {
            name: {"rpc": {"grpcPort": one, "membershipPort": other, "bindOnIP": IP}}
            for name, one, other in zip(_SERVICES, rpc, membership, strict=True)
        }

    async def _ready_namespaces(self, channel: grpc.aio.Channel) -> None:
        await until_answered(method(channel, "GetSystemInfo", GetSystemInfoResponse), GetSystemInfoRequest())
        await asyncio.gather(*(self._until_made(channel, name) for name in self.namespaces))

    async def _until_made(self, channel: grpc.aio.Channel, name: str) -> None:
        while True:  # services that have not yet found one another refuse it; the limit of a start ends this
            try:
                return await self._make_namespace(channel, name)
            except RigError:
                await asyncio.sleep(0.02)

    async def _make_namespace(self, channel: grpc.aio.Channel, name: str) -> None:
        await super()._make_namespace(channel, name)
        await _until_used(channel, name)


async def _until_used(channel: grpc.aio.Channel, namespace: str) -> None:
    """Wait until matching and history, which learn of a namespace by themselves, know it."""
    queue = DescribeTaskQueueRequest(
        namespace=namespace,
        task_queue=TaskQueue(name="crashproof"),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    await until_answered(method(channel, "DescribeTaskQueue", DescribeTaskQueueResponse), queue)
    describe = method(channel, "DescribeWorkflowExecution", DescribeWorkflowExecutionResponse)
    nothing = DescribeWorkflowExecutionRequest(
        namespace=namespace, execution=WorkflowExecution(workflow_id="crashproof-is-it-known")
    )
    while True:
        try:
            await describe(nothing, timeout=1.0)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND and "workflow not found" in (error.details() or ""):
                return
        await asyncio.sleep(0.01)


def _store(database: Path) -> dict[str, Any]:
    """Return the store of everything; for ``synchronous`` see the pragmas of the development server."""
    pragmas = {"cache": "private", "setup": "true", "journal_mode": "wal", "synchronous": "off"}
    return {
        "pluginName": "sqlite",
        "databaseName": str(database),
        "connectAddr": "localhost",
        "connectProtocol": "tcp",
        "connectAttributes": pragmas,
        "maxConns": 1,
        "maxIdleConns": 1,
    }


def _cluster(port: int) -> dict[str, Any]:
    itself = {"enabled": True, "initialFailoverVersion": 1, "rpcName": "frontend", "rpcAddress": f"{IP}:{port}"}
    return {
        "enableGlobalNamespace": False,
        "failoverVersionIncrement": 10,
        "masterClusterName": "active",
        "currentClusterName": "active",
        "clusterInformation": {"active": itself},
    }


def _distinct_ports(number: int, *, besides: int) -> tuple[int, ...]:
    found = {besides}
    while len(found) <= number:
        found.add(free_port())
    return tuple(found - {besides})
