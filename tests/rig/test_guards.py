"""The guards of the top-level conftest.py: a session that leaves a process, or reaches out, fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import ROOT

GUARDS = ROOT / "conftest.py"

LEAVES_A_CHILD = """
import subprocess, sys
def test_it():
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)  # left child"])
"""

LEAVES_A_DAEMON = """
import subprocess, sys
SPAWN = '''
import subprocess, sys
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)  # left daemon"], start_new_session=True)
'''
def test_it():
    subprocess.run([sys.executable, "-c", SPAWN], check=True)
"""

REACHES_OUT = """
import socket
def test_it():
    socket.create_connection(("192.0.2.1", 80), timeout=1)
"""

STAYS = """
import socket
from tests import ROOT
def test_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
"""


def session(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    """Run one test in a pytest of its own, with the guards; processes that it leaves are ended."""
    guards = GUARDS.read_text().replace("GONE_WITHIN = 60.0", "GONE_WITHIN = 0.2")
    (folder / "conftest.py").write_text(guards)
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    # No pipes: a process left behind would keep them open.
    output = folder / "output"
    with output.open("w") as file:
        done = subprocess.run(
            [*command, str(folder)],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdout=file,
            stderr=file,
            timeout=200,
            check=False,
        )
    return subprocess.CompletedProcess(command, done.returncode, stdout=output.read_text())


def end_the_one_left(output: str) -> None:
    pid = int(output.partition("were left at the end:")[2].split(":")[0])
    process = psutil.Process(pid)
    assert "# left" in " ".join(process.cmdline())
    process.kill()
    process.wait(10)


@pytest.mark.parametrize("test", [LEAVES_A_CHILD, LEAVES_A_DAEMON], ids=["child", "daemon"])
def test_a_process_left_behind_fails_the_session(tmp_path: Path, test: str) -> None:
    done = session(tmp_path, test)
    end_the_one_left(done.stdout)
    assert done.returncode == 1
    assert "time.sleep(600)" in done.stdout


def test_a_connection_to_another_machine_is_refused(tmp_path: Path) -> None:
    done = session(tmp_path, REACHES_OUT)
    assert done.returncode == 1
    assert "a test tried to reach 192.0.2.1:80" in done.stdout


def test_this_machine_may_be_reached(tmp_path: Path) -> None:
    assert session(tmp_path, STAYS).returncode == 0
