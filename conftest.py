"""Guards of every test session: no process is left at its end, and no connection leaves this machine.

And its pace: garbage is looked for as rarely as tests allow that take much memory.
"""

from __future__ import annotations

import gc
import ipaddress
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

MARKER = "CRASHPROOF_TEST_SESSION"
"""Environment variable that all processes started by the tests inherit, orphans and daemons too."""

GONE_WITHIN = 60.0
"""Seconds that a process which is being killed has at the end of the session."""

COLLECT_EVERY = 20_000
"""Objects made from one look for garbage to the next, in place of 700, which take a sixth of the time of unit tests."""


def pytest_configure() -> None:
    """Heed Ctrl-C, and let what the tests start do so: a shell has what it runs in the background ignore SIGINT."""
    gc.set_threshold(COLLECT_EVERY)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of all later looks for garbage: it stays until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    session = f"{os.getpid()}-{psutil.Process().create_time()}"
    os.environ[MARKER] = session
    yield
    _, left = psutil.wait_procs(_started_by(session), timeout=GONE_WITHIN)
    if left:
        lines = [f"  {process.pid}: {_command_of(process)}" for process in left]
        pytest.fail("processes that the tests started were left at the end:\n" + "\n".join(lines), pytrace=False)


def _started_by(session: str) -> list[psutil.Process]:
    """Return children of this process, and all that carry the marker."""
    found = set(psutil.Process().children(recursive=True))
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARKER) == session:
                found.add(process)
        except psutil.Error:  # gone meanwhile, or of another user
            continue
    return list(found)


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        return "gone"


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to connect or send to any address that is not this machine's own."""
    if event not in ("socket.connect", "socket.sendto") or _refused_by_the_fixture():
        return
    address = arguments[1]
    if not isinstance(address, tuple):  # a Unix socket
        return
    host = str(address[0]).partition("%")[0]
    if host in ("", "localhost") or _is_loopback(host):
        return
    raise AssertionError(f"a test tried to reach {host}:{address[1]}; tests talk to 127.0.0.1 alone")


def _refused_by_the_fixture() -> bool:
    """Tell whether the guard that users have watches, which a test tries: it refuses the same, and says so."""
    guard = sys.modules.get("harness.testing.loopback")
    return guard is not None and guard._attempts is not None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


sys.addaudithook(_stay_here)
