"""Evidence is written whole or not at all, read back as it was, and refused by name where it is damaged."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.errors import RigError, UsageError
from harness.records import files
from harness.records import store as folders
from harness.records.act_facts import WorkerStarted
from harness.records.evidence import Crash, Evidence, History, Sample
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.replay_result import Replay
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import SweepResult
from harness.records.tape import Entry
from harness.records.verdict import EvidenceEntry, Finding, Judgement, Outcome, Verdict

POINT = Point(position="after", door="effect", operation="note", workflow="A", subject="save", execution=1, attempt=1)
EVIDENCE = Evidence(
    trial="abc123",
    scenario="s",
    plan=Plan((Strike("kill-worker", POINT.id),), real_time=True),
    end="stopped",
    end_reason="the worker exited",
    expects_failure="Budget",
    tape=(
        Entry(
            at=1.5, kind="act", operation="start-worker", worker=1, facts=WorkerStarted(pid=7, command="python w.py")
        ),
        Entry(at=2.25, kind="reply", door="effect", operation="note", message=3, worker=1, point=POINT, status="200"),
    ),
    histories=(
        History(workflow_id="a/b ü", run_id="r1", path="A", root=True, events=({"eventId": "1", "n": {"x": [1]}},)),
        History(workflow_id="child", run_id="r2", path="A/B.1", root=False, events=()),
    ),
    samples=(Sample(at=3.0, workflow_id="a/b ü", run_id="r1", pending=({"attempt": 2},)),),
    replays=(Replay(workflow_id="a/b ü", run_id="r1", failure="no", nondeterminism=True),),
    gaps=("the file x is open for writing",),
    task_timeout=2.0,
    crashes=(
        Crash(
            at=2.5,
            integrity="ok",
            histories=(History(workflow_id="a", run_id="r1", path="A", root=True, events=({"eventId": "1"},)),),
        ),
        Crash(at=3.5, integrity="row 7 missing from index x"),
    ),
    engine="time-skipping",
    skips_time=True,
    falls_back=True,
)
FINDING = Finding(
    check="c",
    message="m",
    subject="s",
    evidence=(EvidenceEntry("12:00:01.100", "worker 7", ("attempt 1", "OK")), EvidenceEntry(words=("two",))),
)
VERDICT = Verdict(
    trial="abc123",
    scenario="s",
    plan=EVIDENCE.plan,
    struck=True,
    judgements=(
        Judgement(check="c", outcome=Outcome.FAIL, findings=(FINDING,)),
        Judgement(check="d", outcome=None, reason="nothing of the kind"),
    ),
)


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    folders.save_evidence(tmp_path, EVIDENCE)
    folders.save_verdict(tmp_path, VERDICT)
    return tmp_path


def test_evidence_is_read_back_as_it_was(trial: Path) -> None:
    assert folders.load_evidence(trial) == EVIDENCE
    assert folders.load_plan(trial) == EVIDENCE.plan


def test_empty_evidence_is_read_back_as_it_was(tmp_path: Path) -> None:
    empty = Evidence(trial="t", scenario="s", plan=Plan(), end="deadline")
    folders.save_evidence(tmp_path, empty)
    assert folders.load_evidence(tmp_path) == empty


def test_a_verdict_is_read_back_and_says_its_outcome_to_other_readers(trial: Path) -> None:
    assert folders.load_verdict(trial) == VERDICT
    kept = msgspec.json.decode((trial / "verdict.json").read_bytes())
    assert kept["outcome"] == "FAIL"
    assert kept["plan"] == str(EVIDENCE.plan)
    assert kept["judgements"][0]["findings"][0]["evidence"] == ["12:00:01.100  worker 7  attempt 1  OK", "two"]


def test_a_history_is_a_file_that_temporals_own_tools_open(trial: Path) -> None:
    file = trial / "history" / "a%2Fb%20%C3%BC.r1.json"
    assert msgspec.json.decode(file.read_bytes()) == {"events": [{"eventId": "1", "n": {"x": [1]}}]}


def test_nothing_but_whole_files_is_left(trial: Path) -> None:
    assert not [path for path in trial.rglob("*") if path.name.endswith(".partial")]


FILES = [
    "trial.json",
    "plan.json",
    "tape.jsonl",
    "samples.jsonl",
    "replays.json",
    "history/child.r2.json",
    "crashes/1/history/a.r1.json",
    "verdict.json",
]


def load(trial: Path) -> tuple[Evidence, Verdict]:
    return folders.load_evidence(trial), folders.load_verdict(trial)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b'{"trial": "abc'),
        lambda file: file.write_bytes(b"\xff\xfe\x00"),
        lambda file: file.write_bytes(b"[3]\n"),
        lambda file: file.write_bytes(b'"text"\n'),
        lambda file: (file.unlink(), file.mkdir()),
    ],
    ids=["missing", "cut short", "binary", "a list", "a text", "a folder"],
)
def test_a_damaged_file_is_named(trial: Path, name: str, damage: Callable[[Path], Any]) -> None:
    damage(trial / name)
    with pytest.raises(UsageError) as raised:
        load(trial)
    assert str(trial / name) in str(raised.value)
    assert "run the scenario again" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.json", b"{}"),
        ("plan.json", b'{"plan": 3}'),
        ("plan.json", b'{"plan": "hug-worker@before/Op"}'),
        ("history/child.r2.json", b"{}"),
        ("history/child.r2.json", b'{"events": 3}'),
        ("trial.json", b"{}"),
        ("verdict.json", b'{"trial": "abc123"}'),
        ("tape.jsonl", b'{"at": 1, "kind": "hum", "operation": "x"}\n'),
        ("tape.jsonl", b'{"at": 1, "kind": "act", "operation": "x", "facts": ' + b"[" * 100_000),
        ("history/child.r2.json", b'{"events": ' + b"[" * 100_000),
    ],
)
def test_what_says_something_else_is_named(trial: Path, name: str, content: bytes) -> None:
    (trial / name).write_bytes(content)
    with pytest.raises(UsageError) as raised:
        load(trial)
    assert str(trial / name) in str(raised.value)


def test_a_trial_that_lists_a_history_oddly_is_named(trial: Path) -> None:
    told = msgspec.json.decode((trial / "trial.json").read_bytes())
    told["histories"][0].pop("file")
    files.write_json(trial / "trial.json", told)
    with pytest.raises(UsageError, match=r"trial\.json"):
        load(trial)


def test_a_full_disk_is_told_when_a_run_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(self: Path, *rest: Any, **more: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "mkdir", no_room)
    with pytest.raises(RigError, match="No space left on device"):
        folders.new_run(tmp_path)


def test_a_new_run_is_the_latest(tmp_path: Path) -> None:
    first = folders.new_run(tmp_path)
    second = folders.new_run(tmp_path)
    assert first != second
    assert (tmp_path / "latest").resolve() == second.resolve()
    files.write_json(second / "run.json", {})
    assert folders.find_run(tmp_path / "latest") == second.resolve()


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no evidence folder \(it has no run\.json\)"):
        folders.find_run(tmp_path)


@pytest.mark.parametrize("sweeps", [0, 1, 3])
def test_a_run_is_read_back_with_each_sweep_on_a_line(tmp_path: Path, sweeps: int) -> None:
    swept = tuple(SweepResult(scenario=f"s[]{number}", title="\n[]") for number in range(sweeps))
    record = RunRecord(
        command=("crashproof", "[]"), cwd="/", started=1.0, scenarios=(DeclaredScenario(name="s"),), sweeps=swept
    )
    folders.save_run(tmp_path, record)
    assert folders.load_run(tmp_path) == record
    text = (tmp_path / "run.json").read_bytes()
    assert sum(line.startswith(b'{"scenario"') for line in text.splitlines()) == sweeps
    folders.save_run(tmp_path, replace(record, sweeps=()), swept=map(folders.sweep_line, swept))
    assert (tmp_path / "run.json").read_bytes() == text
