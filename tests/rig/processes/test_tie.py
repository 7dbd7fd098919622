"""A process that is tied to its parent dies with it, and ends at once where the parent is dead already."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from harness.processes import tie, tree
from tests.waiting import until

CHILD = """
import time
from harness.processes.tie import die_with_parent
die_with_parent()
print(1, flush=True)
time.sleep(600)
"""
PARENT = f"""
import subprocess, sys
tied = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
tied.stdout.readline()
print(tied.pid, flush=True)
tied.wait()
"""


def test_a_tied_process_dies_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        tied = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    until(lambda: (seen := tree.look(tied)) is None or seen.dead, "the tied process is dead")


def test_a_process_whose_parent_is_dead_already_ends_at_once() -> None:
    script = "from harness.processes.tie import die_with_parent; die_with_parent(1 << 22); print('alive')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def test_it_is_loaded_by_its_path_where_the_package_is_not() -> None:
    script = "import runpy, sys; runpy.run_path(sys.argv[1])['die_with_parent'](int(sys.argv[2])); print('alive')"
    command = [sys.executable, "-I", "-S", "-c", script, tie.__file__, str(os.getpid())]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "alive\n"
