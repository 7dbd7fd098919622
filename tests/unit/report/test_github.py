"""The annotations of an audit: escaped, within GitHub's limits, and the rest counted."""

from __future__ import annotations

from dataclasses import replace

from harness.records.audit_result import AuditFinding, AuditResult, Certainty, CodePlace
from harness.report.audit.source import audit_report
from harness.report.github import github
from harness.report.replay.source import replay_report
from harness.report.sweep.source import sweep_report
from tests.unit.report import replayed, samples
from tests.unit.report.audited import CLEAN, CLOCK, EFFECT, EVERYTHING, FOUND, HOSTILE, NOTHING, RULES


def annotations(audited: AuditResult, *, folder: str = "") -> str:
    report = audit_report(audited, rules=RULES, reproduce=lambda finding: f"crashproof audit app --rule {finding.rule}")
    return github(report, folder=folder)


def told(audited: AuditResult) -> list[str]:
    return annotations(audited).splitlines()


def many(certainty: Certainty, count: int) -> list[AuditFinding]:
    return [replace(CLOCK, certainty=certainty, place=replace(CLOCK.place, line=line)) for line in range(1, count + 1)]


def test_errors_come_first_each_at_its_line_with_its_path() -> None:
    assert told(FOUND)[0] == (
        "::error file=app/tools.py,line=4,endLine=4,col=12,endColumn=23,title=CP101 clock-in-workflow (certain)::"
        "Workflow code calls time.time(): a replay reads another time. Use workflow.time()."
        "%0AWorkflow Agent gets there by:%0Aapp/workflows.py:7 calls stamp()"
    )
    assert told(FOUND)[1].startswith("::warning file=app/activities.py,line=3,")
    assert told(FOUND)[2] == (
        "1 certain, 1 likely in 3 files with 1 workflow and 1 activity; 2 rules, 1 confirmed at run time (0.2 s)"
    )


def test_what_takes_many_lines_has_no_columns() -> None:
    long = replace(CLOCK, place=replace(CLOCK.place, end_line=9, end_column=2))
    assert told(replace(CLEAN, findings=(long,)))[0].startswith("::error file=app/tools.py,line=4,endLine=9,title=")


def test_paths_begin_at_the_top_of_the_repository() -> None:
    text = annotations(EVERYTHING, folder="services/agents")
    assert text.startswith("::error file=services/agents/app/tools.py,")
    assert "::warning file=services/agents/app/old.py," in text
    assert "file=app/" not in text


def test_nothing_in_a_text_ends_its_annotation() -> None:
    lines = told(HOSTILE)
    assert lines[0].startswith("::error file=a b%2Cc%3A%25é\x1b.py,line=4,")
    assert lines[0].count("::") == 2
    assert "<b>100%25</b>" in lines[0]
    assert len(lines) == 2


def test_of_each_level_ten_are_shown_and_the_rest_is_counted() -> None:
    findings = (*many(Certainty.CERTAIN, 12), *many(Certainty.LIKELY, 3), *many(Certainty.LOOK, 30))
    lines = told(replace(CLEAN, findings=findings))
    levels = [line.split()[0] for line in lines[:-1]]
    assert [levels.count(f"::{level}") for level in ("error", "warning", "notice")] == [10, 3, 10]
    assert "2 errors, 21 notices more" in lines[-2]


def test_ten_of_each_need_no_counting() -> None:
    lines = told(replace(CLEAN, findings=tuple(many(Certainty.LOOK, 10))))
    assert len(lines) == 11
    assert not any(" more" in line for line in lines)


def test_what_limits_the_result_is_annotated_too() -> None:
    lines = told(EVERYTHING)
    assert "::warning file=app/old.py,title=not audited::line 1: invalid syntax" in lines
    assert any(line.startswith("::notice file=app/tools.py,line=5,title=crashproof%3A ignore::") for line in lines)
    assert any("which no finding tells" in line for line in lines)
    assert told(NOTHING)[0].startswith("::error title=crashproof audit::no workflow and no activity")
    assert told(replace(CLEAN, findings=(EFFECT,)))[0].startswith("::warning ")


def test_findings_of_sweeps_and_replays_are_errors_at_their_file_or_line() -> None:
    declared = {"trip": CodePlace(file="scenarios/trip.py", line=7, column=0)}
    lines = github(sweep_report([samples.FAILED], places=declared)).splitlines()
    assert lines[0].startswith(
        "::error file=scenarios/trip.py,line=7,title=effects-happen-once (broken)::charge happened 2 times"
    )
    assert "%0Akill-worker before RespondActivityTaskCompleted of charge 1, attempt 1%0A" in lines[0]
    lines = github(sweep_report([samples.graded()])).splitlines()
    titles = ["effects-happen-once (broken)", "retry-bounded (risky)", "retry-after-honoured (wasteful)"]
    levels = ["error", "warning", "notice"]
    starts = [f"::{level} title={title}::" for level, title in zip(levels, titles, strict=True)]
    assert [line.startswith(start) for line, start in zip(lines, starts, strict=False)] == [True, True, True]
    lines = github(
        replay_report(replayed.REPLAYED, reproduce=lambda _: "crashproof replay h"), folder="sub"
    ).splitlines()
    assert lines[0].startswith("::error title=crashproof replay::h/\\x1b[31mcut.json: it is empty")
    assert lines[1].startswith("::error file=sub/app/order.py,line=7,title=replays-as-recorded::")
    assert lines[2].startswith("::error file=sub/h/one.json,title=replays-under-every-condition::")
