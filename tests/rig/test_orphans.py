"""However a run ends, nothing that it started is left."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.rig.cli.running import LIMIT, MARKING, STRUCK, Running, begun, crashproof, holding

FAILS = """
from harness import Scenario, start

charges = Scenario(worker="python -m scenarios.broken.agents.effect_without_key", work=start("ChargeWithoutKey", "x"))
"""

RAISES = """
from harness import Scenario, start
from harness.records import store as folder

kept = folder.save_verdict

def broken(place, verdict):
    if verdict.plan.strikes:
        raise ZeroDivisionError("injected")
    kept(place, verdict)

folder.save_verdict = broken
marks = Scenario(worker=WORKER, work=start("Marking", "ash"), task_queue="fixed")
"""


def ended(running: Running) -> int:
    running.process.wait(LIMIT)
    assert running.left() == []
    return running.done().status


def test_after_success(tmp_path: Path) -> None:
    done = crashproof("run", *MARKING, "--only", "before/effect.*", cwd=tmp_path)
    assert done.status == 0, done


def test_after_a_failure(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(FAILS)
    done = crashproof("run", "fails.py", "--only", "before/RespondActivityTaskCompleted/*", cwd=tmp_path)
    assert done.status == 1, done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_after_an_interrupt_and_what_was_seen_so_far_is_shown(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "tmp").mkdir()
    held, let_go = holding(tmp_path, files=STRUCK)
    with begun("run", *MARKING, *held, cwd=tmp_path, env={"TMPDIR": str(tmp_path / "tmp")}) as running:
        running.under_way()
        running.process.send_signal(number)
        let_go.touch()
        assert ended(running) == 130
    done = running.done()
    assert "Traceback" not in done.err
    assert "go on with: crashproof run --resume .crashproof/runs/" in done.err
    assert "the run ended before this scenario was finished" in done.out
    assert "were not tried" in (tmp_path / ".crashproof/runs/latest/report.txt").read_text()
    assert not (tmp_path / ".crashproof/runs/latest/rig").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_after_a_second_interrupt(tmp_path: Path) -> None:
    held, let_go = holding(tmp_path, files=STRUCK)
    with begun("run", *MARKING, *held, cwd=tmp_path) as running:
        running.under_way()
        running.process.send_signal(signal.SIGHUP)
        running.process.send_signal(signal.SIGINT)
        let_go.touch()
        assert ended(running) == 130
    assert "Traceback" not in running.done().err
    assert not (tmp_path / ".crashproof/runs/latest/rig").exists()


def test_after_kill_9_of_crashproof(tmp_path: Path) -> None:
    held, _ = holding(tmp_path, files=STRUCK)
    with begun("run", *MARKING, *held, cwd=tmp_path) as running:
        running.under_way()
        running.process.kill()
        assert ended(running) == -signal.SIGKILL
    left = (tmp_path / ".crashproof/runs/latest").resolve()
    assert (left / "rig").is_dir()
    refused = crashproof("run", *MARKING, "--temporal", "nowhere", cwd=tmp_path)
    assert refused.status == 2, refused
    assert not (left / "rig").exists()
    assert (tmp_path / ".crashproof/runs/latest").resolve() == left


def test_after_the_server_died(tmp_path: Path) -> None:
    held, let_go = holding(tmp_path, files=STRUCK)
    with begun("run", *MARKING, *held, cwd=tmp_path) as running:
        running.under_way()["server"].kill()
        let_go.touch()
        assert ended(running) == 0
    done = running.done()
    assert "Traceback" not in done.err
    text = " ".join(done.out.split())  # its sentences are wrapped
    assert re.search(r"tried again: the Temporal server \(pid \d+\) was killed with SIGKILL, not by crash", text)


def test_after_an_exception_of_its_own(tmp_path: Path) -> None:
    worker = f"WORKER = {MARKING[1]!r}\n"
    (tmp_path / "raises.py").write_text(worker + RAISES)
    with begun("run", "raises.py", cwd=tmp_path) as running:
        status = ended(running)
    assert status == 3
    assert "ZeroDivisionError: injected" in running.done().err
    assert "this is a defect of crashproof itself" in running.done().err
