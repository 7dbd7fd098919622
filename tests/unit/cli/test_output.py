"""What foreign text says reaches the terminal harmless, by whatever path a command prints it."""

from __future__ import annotations

import ast
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest
from rich.console import Console

from harness import cli
from harness.app.run import RunResult
from harness.cli.capture_report import as_text
from harness.cli.output import RunFolder, say, show
from harness.cli.progress import ProgressDisplay
from harness.errors import RigError, UsageError
from harness.records.audit_result import AuditFinding, Certainty, CodePlace, FileReport, Missed, Unresolved
from harness.records.capture_result import CapturedHistory, CaptureResult
from harness.records.replay_result import Difference, NondeterministicCall, ReplayedHistory, ReplayFinding, ReplayResult
from harness.records.sweep_result import News
from harness.records.verdict import EvidenceEntry, Finding, Outcome
from harness.report.audit.source import audit_report
from harness.report.audit.text import audit_text
from harness.report.github import github
from harness.report.replay.text import replay_text
from tests.unit.report.audited import CLEAN, RULES
from tests.unit.report.nasty import NASTY, SIGNS, harmless
from tests.unit.report.samples import FAILED, KILL, swept, verdict

TOLD = Finding(check="effects-happen-once", message=NASTY, evidence=(EvidenceEntry(words=(NASTY,)),))
SWEPT = replace(
    swept(verdict("9f3a2c", KILL, Outcome.FAIL, TOLD), verdict("77aa01", KILL, Outcome.UNKNOWN, because=NASTY)),
    scenario=NASTY,
    gaps=(NASTY,),
    notes=(NASTY,),
    unsteady=(NASTY,),
)
DIFFERENCE = Difference(event_id=5, workflow_task=3, kind=NASTY, subject=NASTY, field=NASTY, old=NASTY, new=NASTY)
REPLAYED = ReplayResult(
    against=NASTY,
    histories=(
        ReplayedHistory(
            file=NASTY,
            workflow=NASTY,
            outcome=Outcome.FAIL,
            note=NASTY,
            findings=(
                ReplayFinding(
                    check="replays",
                    workflow=NASTY,
                    message=NASTY,
                    subject=NASTY,
                    line=NASTY,
                    difference=DIFFERENCE,
                    causes=(NondeterministicCall(function=NASTY, stack=(NASTY,), workflow=NASTY),),
                    histories=(NASTY,),
                ),
            ),
        ),
        ReplayedHistory(file=NASTY, reason=NASTY),
    ),
    unusable=(NASTY,),
)
PLACE = CodePlace(file=NASTY, line=1, column=1, function=NASTY, what="")
AUDITED = replace(
    CLEAN,
    findings=(
        AuditFinding(
            rule="CP101",
            certainty=Certainty.CERTAIN,
            message=NASTY,
            place=PLACE,
            path=(replace(PLACE, what=NASTY),),
            workflow=NASTY,
            evidence=(NASTY,),
            confirmed=(NASTY,),
        ),
    ),
    files=(FileReport(file=NASTY, reason=NASTY),),
    missed=(Missed(check="replays", message=NASTY, subject=NASTY, line=NASTY, source=NASTY),),
    unresolved=(Unresolved(place=PLACE, name=NASTY, why=NASTY),),
    stale=(NASTY,),
)
CAPTURED = CapturedHistory(
    file=NASTY,
    workflow_id=NASTY,
    run_id="r",
    workflow_type=NASTY,
    status=NASTY,
    open=False,
    task_queue="q",
    namespace="n",
    server_version="1",
    started="",
    closed="",
    events=1,
    sha256="",
    scrubbed=False,
    adds=(NASTY,),
)


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")


def capture_report() -> None:
    caught = CaptureResult(kept=[("new", CAPTURED)], gone=[NASTY], replaced=Counter({NASTY: 1}))
    say(as_text(caught, folder=Path(NASTY), asked=NASTY, scrubbed=True))


def progress() -> None:
    with ProgressDisplay() as display:
        display.line(NASTY)
        display.tell(News(scenario=NASTY, text=NASTY))
        display.tell(News(scenario=NASTY, verdict=SWEPT.verdicts[0]))
        display.tell(News(scenario=NASTY, verdict=SWEPT.verdicts[1]))


def audit() -> None:
    click.echo(audit_text(AUDITED, rules=RULES, lines=lambda _: (NASTY,), unresolved=True))


PATHS: dict[str, Callable[[], object]] = {
    "run": lambda: show(RunResult(folder=Path("runs"), sweeps=(SWEPT,)), form="text"),
    "points": lambda: show(RunResult(folder=Path("runs"), sweeps=(SWEPT,)), form="text", points_only=True),
    "replay": lambda: say(replay_text(REPLAYED, reproduce=lambda _: NASTY)),
    "audit": audit,
    "capture": capture_report,
    "progress": progress,
}


@pytest.mark.parametrize("name", PATHS)
def test_what_is_printed_is_harmless(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    PATHS[name]()
    printed = "".join(capsys.readouterr())
    assert "\\x9b" in printed
    assert "\\u202e" in printed
    assert harmless(printed)


def test_annotations_print_harmless_messages() -> None:
    written = github(audit_report(AUDITED, rules=RULES, reproduce=lambda _: NASTY))
    messages = [line.rpartition("::")[2] for line in written.split("\n")]
    assert any("\\x9b" in message for message in messages)
    assert all(map(harmless, messages))


@pytest.mark.parametrize(
    "error", [UsageError(NASTY), RigError("it ended", log=NASTY), ValueError(NASTY), OSError(5, NASTY, NASTY)]
)
def test_an_error_is_shown_harmless(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.cli, "main", fail)
    assert cli._status() in (2, 3)
    shown = capsys.readouterr().err
    assert "\\x9b" in shown
    assert harmless(shown)


def test_a_live_line_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI")
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=2000, color_system=None)
    monkeypatch.setattr("harness.cli.progress.Console", lambda **_: console)
    with ProgressDisplay() as display:
        display.line(NASTY)
        display.tell(News(scenario=NASTY, text=NASTY, total=300))
        display.tell(News(scenario=NASTY, verdict=SWEPT.verdicts[0], total=300))
    written = shown.getvalue()
    assert "\\x9b" in written
    assert not set(written) & set(SIGNS) - set("\x1b\r")


def test_the_exit_status_is_that_of_the_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(RunResult(folder=Path("runs"), sweeps=(FAILED,)), form="text") == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("FAIL: ")


def test_no_command_prints_text_that_it_puts_together_itself() -> None:
    """What a command words holds foreign text as a rule: ``say`` prints it. JSON and paths are for programs."""
    worded = [
        f"{file.name}:{call.lineno}"
        for file in Path(cli.__file__).parent.glob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in ("click.echo", "click.secho", "print")
        and any(isinstance(argument, ast.JoinedStr | ast.Constant) for argument in call.args)
        and "for_line(" not in ast.unparse(call)
    ]
    assert worded == []


def test_a_run_is_named_by_its_folder_its_id_or_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = Path(".crashproof") / "runs"
    for folder in (runs / "latest", runs / "here", Path("here")):
        folder.mkdir(parents=True)
    named = {given: str(RunFolder().convert(given, None, None)) for given in ("latest", "here", "nowhere", "a/latest")}
    assert named == {"latest": str(runs / "latest"), "here": "here", "nowhere": "nowhere", "a/latest": "a/latest"}
