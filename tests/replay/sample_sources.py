"""Workflows that call what differs from run to run, and workflows that only look as if they did."""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import email.utils as mail
    import importlib.metadata as metadata
    import os
    import pathlib
    import platform
    import random
    import secrets
    import socket
    import subprocess
    import tempfile
    import threading
    import time
    from time import time as now_in_seconds

    # Temporal passes a submodule through only if it is named in full.
    import tests.replay.sample_passed_through as sample_passed_through

log = logging.getLogger(__name__)


@dataclasses.dataclass
class Made:
    at: float = dataclasses.field(default_factory=time.time)


def helper() -> Any:
    return now_in_seconds()


SOURCES: dict[str, tuple[Callable[[], Any], str]] = {
    "time": (lambda: time.time(), "time.time"),
    "bound": (lambda: helper(), "time.time"),
    "monotonic": (lambda: time.monotonic(), "time.monotonic"),
    "local": (lambda: time.localtime(0), "time.localtime"),
    "strftime": (lambda: time.strftime("%H"), "time.strftime"),
    "now": (lambda: datetime.now(UTC), "datetime.datetime.now"),
    "utcnow": (lambda: datetime.utcnow(), "datetime.datetime.utcnow"),
    "zone": (lambda: datetime.fromtimestamp(0), "datetime.datetime.fromtimestamp"),
    "naive": (lambda: datetime(2026, 1, 1).astimezone(UTC), "datetime.datetime.astimezone"),
    "to local": (lambda: datetime(2026, 1, 1, tzinfo=UTC).astimezone(), "datetime.datetime.astimezone"),
    "timestamp": (lambda: datetime(2026, 1, 1).timestamp(), "datetime.datetime.timestamp"),
    "random": (lambda: random.random(), "random.random"),
    "choice": (lambda: random.choice([1, 2, 3]), "random.Random.choice"),
    "generator": (lambda: random.Random().random(), "random.Random"),
    "system": (lambda: random.SystemRandom().random(), "random.SystemRandom.random"),
    "uuid4": (lambda: uuid.uuid4(), "uuid.uuid4"),
    "uuid1": (lambda: uuid.uuid1(), "uuid.uuid1"),
    "node": (lambda: uuid.getnode(), "uuid.getnode"),
    "urandom": (lambda: os.urandom(4), "os.urandom"),
    "secrets": (lambda: secrets.token_hex(), "secrets.token_hex"),
    "environ": (lambda: os.environ.get("HOME"), "os.environ"),
    "getenv": (lambda: os.getenv("HOME"), "os.environ"),
    "pid": (lambda: os.getpid(), "os.getpid"),
    "open": (lambda: open(os.devnull).close(), "io.open"),
    "pathlib": (lambda: pathlib.Path(os.devnull).read_text(), "pathlib.Path.read_text"),
    "exists": (lambda: os.path.exists("/"), "os.stat"),
    "host": (lambda: socket.gethostname(), "socket.gethostname"),
    "process": (lambda: subprocess.run(["true"], check=True), "subprocess.run"),
    "thread": (lambda: threading.Thread(target=int).start(), "threading.Thread.start"),
    "metadata": (lambda: metadata.version("temporalio"), "importlib.metadata.version"),
    "mail": (lambda: mail.formatdate(), "email.utils.formatdate"),
    "message": (lambda: mail.make_msgid(domain="x"), "email.utils.make_msgid"),
    "platform": (lambda: platform.node(), "platform.node"),
    "folder": (lambda: tempfile.gettempdir(), "tempfile.gettempdir"),
    "pydantic": (lambda: sample_passed_through.Asked(), "uuid.uuid4"),
    "dataclass": (lambda: Made(), "time.time"),
    "passed through": (lambda: sample_passed_through.pick(), "random.Random.choice"),
}

LOOK_ALIKES: dict[str, Callable[[], Any]] = {
    "uuid4": lambda: workflow.uuid4(),
    "now": lambda: workflow.now(),
    "time": lambda: workflow.time(),
    "random": lambda: workflow.random().random(),
    "choice": lambda: workflow.random().choice([1, 2]),
    "seeded": lambda: random.Random(7).random(),
    "sorted set": lambda: sorted({"a", "b"}),
    "logging": lambda: log.warning("as %s", "planned"),
    "workflow logger": lambda: workflow.logger.warning("as planned"),
    "uuid5": lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "x"),
    "utc": lambda: datetime.fromtimestamp(0, UTC).isoformat(),
    "utc by name": lambda: datetime.fromtimestamp(0, tz=UTC),
    "aware": lambda: datetime(2026, 1, 1, tzinfo=UTC).astimezone(UTC).timestamp(),
    "gmtime": lambda: time.gmtime(0),
    "strftime": lambda: time.strftime("%H", time.gmtime(0)),
    "parsed": lambda: datetime.strptime("2026", "%Y"),
    "path": lambda: str(pathlib.PurePosixPath("/a") / "b") + os.path.join("a", "b"),
}


@workflow.defn(name="Greeting", sandboxed=False)
class Sources:
    """Calls all of ``SOURCES``."""

    @workflow.run
    async def run(self, name: str) -> str:
        for call, _ in SOURCES.values():
            call()
        return name


@workflow.defn(name="Greeting", sandboxed=False)
class LookAlikes:
    """Calls all of ``LOOK_ALIKES``."""

    @workflow.run
    async def run(self, name: str) -> str:
        for call in LOOK_ALIKES.values():
            call()
        await workflow.execute_activity("hello", name, start_to_close_timeout=timedelta(seconds=5))
        return name


@workflow.defn(name="Greeting")
class Sandboxed:
    """Calls what the sandbox does not stop, directly and in a module that is passed through."""

    @workflow.run
    async def run(self, name: str) -> str:
        return f"{name} {datetime.fromtimestamp(0)} {sample_passed_through.pick()} {sample_passed_through.Asked()}"
