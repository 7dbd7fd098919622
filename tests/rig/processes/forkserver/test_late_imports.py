"""What a worker imports late those that are forked after it have from the start, where that comes to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.processes.forkserver.conftest import Forking

LATE = """
import importlib, os, sys, time
if os.environ["EFFECTS_URL"] == "goes on":
    time.sleep(600)
late = importlib.import_module("la" + "te")
own = importlib.import_module("own_" + "late")
print(late.PID == os.getpid(), own.PID == os.getpid(), "only_sometimes" in sys.modules)
if os.environ["EFFECTS_URL"] == "first":
    import importlib; importlib.import_module("only_" + "sometimes")
"""


async def late_imports(project: Path, forking: Forking, *, late: str = "") -> list[str]:
    """Run the worker of late imports three times beside one that goes on, and return what each saw."""
    installed = project.parent / "installed"
    (installed / "late.py").write_text(f"import os\nPID = os.getpid()\n{late}")
    (installed / "only_sometimes.py").touch()
    (project / "own_late.py").write_text("import os\nPID = os.getpid()\n")
    (project / "worker.py").write_text(LATE)
    await forking.forked("python", "worker.py", EFFECTS_URL="goes on")
    seen = []
    for number, name in ((1, "first"), (1, "second"), (2, "third")):
        process = await forking.forked("python", "worker.py", number=number, EFFECTS_URL=name)
        assert await process.wait() == 0, process.log_tail()
        seen.append(process.log_tail())
    return seen


async def test_what_a_worker_imported_late_those_after_it_have_from_the_start(project: Path, forking: Forking) -> None:
    seen = await late_imports(project, forking)
    assert seen == ["True True False", "False True True", "False True True"]


@pytest.mark.parametrize(
    "late",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=[600], daemon=True).start()",
        "import socket\nsocket_of_mine = socket.socket()",
        "whole = dict(os.environ)",
        "os.getenv('EFFECTS_URL')",
    ],
)
async def test_what_must_not_be_shared_is_imported_late_by_each(project: Path, forking: Forking, late: str) -> None:
    """And each is forked all the same: learning must not cost what was there without it."""
    assert await late_imports(project, forking, late=late) == ["True True False"] * 3
