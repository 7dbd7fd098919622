"""The report files of an evidence folder: HTML, JUnit, Markdown and SARIF say what the text says, and escape it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.records.audit_result import CodePlace
from harness.records.sweep_result import SweepResult
from harness.records.verdict import EvidenceEntry, Finding, Outcome
from harness.report.document import document
from harness.report.files import forms
from harness.report.form import RunReport
from harness.report.html.page import html as html_of
from harness.report.junit import junit as junit_of
from harness.report.sarif import sarif as sarif_of
from harness.report.summary import summary
from harness.report.sweep.source import sweep_report
from tests.unit.report.nasty import NASTY, harmless
from tests.unit.report.samples import (
    EXPLAINED,
    FAILED,
    HURT,
    INAPPLICABLE,
    KILL,
    NO_MODEL,
    NO_RESTART,
    PASSED,
    UNSHOWN,
    every_fault,
    graded,
    several,
    swept,
    truncated,
    verdict,
)

TRUNCATED = swept(verdict("9f3a2c", KILL, Outcome.FAIL, *truncated()))
_EMPTY = ("meta", "br", "input")


DECLARED = CodePlace(file="scenarios/trip.py", line=7, column=0)


def html(results: Sequence[SweepResult], *, folder: str = "") -> str:
    return html_of(sweep_report(results, folder=folder), sweeps=results)


def junit(results: Sequence[SweepResult]) -> bytes:
    return junit_of(sweep_report(results))


def sarif(results: Sequence[SweepResult], *, places: dict[str, CodePlace], version: str) -> dict[str, Any]:
    return sarif_of(sweep_report(results, places=places), version=version)


class Page(HTMLParser):
    """What a reader sees of a page: its rows cell by cell and its other texts; fails on tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Sequence[Any]) -> None:
        if tag not in _EMPTY:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("td", "th"):
            self.rows[-1][-1] = " ".join(self.rows[-1][-1].split())

    def handle_data(self, data: str) -> None:
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("found", [PASSED, FAILED, UNSHOWN, HURT, several(), every_fault(), INAPPLICABLE, TRUNCATED])
def test_page_stands_alone(found: SweepResult) -> None:
    page = html([found], folder=".crashproof/runs/latest")
    assert page.startswith("<!doctype html>")
    assert not re.search(r"(src|href)=(?!\"#)|https?:|@import|url\(", page)
    assert found.outcome in page
    Page(page)


def test_page_shows_the_finding_and_escapes_it() -> None:
    page = html([FAILED], folder="runs/x")
    for told in ("charge happened 2 times, expected once", "crashproof reproduce 9f3a2c", "runs/x/trials/9f3a2c/"):
        assert told in page
    hurt = html([HURT])
    assert hurt.count("<script") == 1
    assert "&lt;script&gt;" in hurt
    assert "<u>" not in hurt
    assert "<b>" not in hurt.partition("<pre>")[2].partition("</pre>")[0]


CODE = "app/pay.py:18 in charge (CP306): receipt = await client.post(url, json=order)"


def test_every_form_tells_the_line_of_code_that_explains_a_finding_and_none_where_none_does() -> None:
    for explained, told in ((EXPLAINED, 1), (FAILED, 0)):
        assert html([explained]).count(f"<p>Code: <code>{CODE}</code></p>") == told
        assert summary([explained]).count("Code: app/pay.py:18 in charge") == told
        cases = ElementTree.fromstring(junit([explained])).findall(".//testcase")
        assert [case.findtext("system-out", "").count(f"Code: {CODE}") for case in cases] == [0, told, told]
        assert [case.findtext("failure", "").count(f"Code: {CODE}") for case in cases] == [0, told, told]
        [found] = document(sweep_report([explained]))["findings"]
        assert [each["place"]["line"] for each in found["code"]] == [18] * told


def test_a_run_that_a_limit_of_its_own_ended_says_by_which_command_the_rest_is_run() -> None:
    command = "crashproof run --resume runs/x"
    for found, told in ((UNSHOWN, 1), (FAILED, 0), (replace(UNSHOWN, limit="it has no end"), 0)):
        forms = (html([found], folder="runs/x"), summary([found], folder="runs/x"))
        assert [form.count(command) for form in forms] == [told, told]
        assert document(sweep_report([found], folder="runs/x"))["rest"] == command * told


def test_page_has_a_table_of_faults_where_there_are_several() -> None:
    rows = Page(html([every_fault(), INAPPLICABLE])).rows
    assert ["waits", f"not applicable: {INAPPLICABLE.inapplicable}"] in rows
    assert ["fault", "family", "points", "passed", "failed", "unknown"] in rows
    assert ["heartbeat-lost", "wire", "2/2", "2", "0", "0"] in rows
    assert [f"not applicable: kill-server: {NO_RESTART}"] in rows
    assert [f"not applicable: every model fault: {NO_MODEL}"] in rows
    assert "family" not in html([FAILED])


def test_page_shows_findings_with_one_cause_in_one_block() -> None:
    page = html([TRUNCATED])
    assert page.count("<article") == 1
    assert page.count("<li>also: ") == 3
    assert "4 findings" in page


def test_page_says_why_trials_are_unknown() -> None:
    page = html([UNSHOWN])
    assert page.count('<article class="unknown">') == 2
    assert "effects-happen-once: KeyError: &#39;attempt&#39;" in page


def counted(found: SweepResult) -> tuple[str | None, ...]:
    suite = ElementTree.fromstring(junit([found])).find("testsuite")
    assert suite is not None
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    return tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped"))


def test_junit_counts_and_escapes() -> None:
    assert [counted(found) for found in (PASSED, FAILED, UNSHOWN, HURT)] == [
        ("2", "0", "0", "0"),
        ("3", "2", "0", "0"),
        ("4", "0", "3", "0"),
        ("2", "1", "0", "1"),
    ]
    failed = ElementTree.fromstring(junit([FAILED]))
    failure = failed.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "charge happened 2 times, expected once"
    assert (failure.text or "").endswith("Reproduce with: crashproof reproduce 9f3a2c")
    errors = [each.get("message") or "" for each in ElementTree.fromstring(junit([UNSHOWN])).iter("error")]
    assert "never struck" in errors[0]
    assert errors[1:] == [
        "effects-happen-once: KeyError: 'attempt'",
        "2 points were not tried: --time-limit 5 was over",
    ]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"reason": "the worker exited", "struck": ()}, "nothing was swept: the worker exited"),
        ({"cuts": (), "struck": ()}, "nothing was swept: there was no point to strike"),
    ],
)
def test_junit_tells_of_a_scenario_that_could_not_be_swept(told: dict[str, Any], message: str) -> None:
    nothing = replace(PASSED, verdicts=(), **told)
    assert counted(nothing) == ("1", "0", "1", "0")
    error = ElementTree.fromstring(junit([nothing])).find("testsuite/testcase/error")
    assert error is not None
    assert error.get("message") == message


def test_junit_skips_what_is_not_applicable() -> None:
    assert counted(INAPPLICABLE) == ("1", "0", "0", "1")
    left_out = len(every_fault().not_applicable)
    assert counted(every_fault()) == (str(22 + left_out), "0", "0", str(left_out))
    cases = ElementTree.fromstring(junit([several(), INAPPLICABLE])).iter("testcase")
    skipped = {case.get("name"): found.get("message") for case in cases for found in case.findall("skipped")}
    assert skipped == {
        "model-429": f"not applicable: {NO_MODEL}",
        "model-400": f"not applicable: {NO_MODEL}",
        "sweep": f"not applicable: {INAPPLICABLE.inapplicable}",
    }


def test_summary_is_a_table_after_the_findings() -> None:
    told = summary([FAILED, PASSED], folder="runs/x").splitlines()
    assert told[0] == "## crashproof: FAIL"
    assert told[2].startswith("trip: only what passes the doors was tried.")
    assert "charge happened 2 times, expected once" in told[5]
    assert told[6] == "Reproduce with `crashproof reproduce 9f3a2c`"
    assert told[-5:-2] == [
        "|---|---|---|---|---|---|",
        "| trip | FAIL | 3 | 2 | 0 | 1/1 |",
        "| trip | PASS | 2 | 0 | 0 | 1/1 |",
    ]
    assert "\\<script\\>" in summary([HURT])


def test_summary_has_a_table_of_faults_where_there_are_several() -> None:
    assert summary([several(), INAPPLICABLE], folder="runs/x").split("\n\n", 2)[2] == (
        "| scenario | outcome | trials | failed | unknown | points struck |\n"
        "|---|---|---|---|---|---|\n"
        "| trip | FAIL | 3 | 1 | 0 | 2/2 |\n"
        "| waits | not applicable: it lets time pass, and the dev server cannot skip time | | | | |\n"
        "\n"
        "| fault | points struck | passed | failed | unknown |\n"
        "|---|---|---|---|---|\n"
        "| kill-worker | 1/1 | 0 | 1 | 0 |\n"
        "| kill-server | 1/1 | 1 | 0 | 0 |\n"
        "| unavailable-once | 0/0 | 0 | 0 | 0 |\n"
        "\n"
        f"not applicable: model-429, model-400: {NO_MODEL}\n"
        "\n"
        "Evidence: `runs/x`\n"
    )
    assert "| fault |" not in summary([FAILED, PASSED])


def test_summary_folds_findings_with_one_cause_and_counts_what_it_leaves_out() -> None:
    assert summary([TRUNCATED]).count("\nalso: ") == 3
    assert summary([TRUNCATED]).count("Reproduce with") == 1
    told = summary([replace(TRUNCATED, scenario=f"s{number}") for number in range(22)])
    assert "… and 8 more findings." in told


def test_sarif_has_a_result_for_each_finding() -> None:
    log = sarif([FAILED, PASSED], places={"trip": DECLARED}, version="1.0")
    run = log["runs"][0]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "effects-happen-once"
    assert "crashproof explain effects-happen-once" in rule["help"]["text"]
    (result,) = run["results"]
    assert result["ruleIndex"] == 0
    assert result["message"]["text"].endswith("Reproduce with: crashproof reproduce 9f3a2c")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "scenarios/trip.py"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert (result["level"], result["rank"]) == ("error", 90.0)
    assert result["properties"] == {
        "severity": "broken",
        "faults": ["kill-worker"],
        "plan": KILL,
        "trial": "9f3a2c",
    }
    assert sarif([PASSED], places={}, version="1.0")["runs"][0]["results"] == []


def test_every_form_puts_the_worst_first_and_fails_for_what_is_bad_enough() -> None:
    log = sarif([graded()], places={}, version="1.0")
    levels = [(result["ruleId"], result["level"]) for result in log["runs"][0]["results"]]
    assert levels == [("effects-happen-once", "error"), ("retry-bounded", "warning"), ("retry-after-honoured", "note")]
    assert "\nWhy: An activity that can only fail" in log["runs"][0]["results"][1]["message"]["text"]
    page, told = html([graded()]), summary([graded()])
    for text in (page, told):
        assert text.index("happened 2 times") < text.index("is retried for ever") < text.index("asked again too early")
    assert page.count('<span class="mark FAIL">FAIL</span> ') == 1
    cases = list(ElementTree.fromstring(junit([graded()])).iter("testcase"))
    assert [len(case.findall("failure")) for case in cases] == [0, 1]
    assert "retry-bounded (risky): charge is retried for ever" in (cases[0].findtext("system-out") or "")
    found = document(sweep_report([graded()]))
    assert [each["severity"] for each in found["findings"]] == ["broken", "risky", "wasteful"]
    assert (found["fail_on"], found["severities"]) == ("broken", {"broken": 1, "risky": 1, "wasteful": 1})


def test_what_shows_without_a_strike_is_a_failure_once() -> None:
    twice = FAILED.verdicts[1].findings[0]
    baseline = verdict("1a2b3c", "baseline", Outcome.FAIL, twice)
    sweep = swept(baseline, replace(baseline, trial="2b3c4d"), verdict("9f3a2c", KILL, Outcome.FAIL, twice))
    cases = list(ElementTree.fromstring(junit([sweep])).iter("testcase"))
    assert [len(case.findall("failure")) for case in cases] == [1, 0, 0]
    assert "charge happened 2 times" in (cases[2].findtext("system-out") or "")


def test_sarif_without_a_file_stands_at_the_folder_of_the_run() -> None:
    [result] = sarif([FAILED], places={}, version="1.0")["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "./", "uriBaseId": "SRCROOT"}


def test_sarif_notifies_of_what_could_not_be_made() -> None:
    unswept = replace(PASSED, verdicts=(), struck=(), reason="the worker exited with status 1")
    (run,) = sarif([several(), INAPPLICABLE, unswept], places={}, version="1.0")["runs"]
    (invocation,) = run["invocations"]
    told = [(each["level"], each["message"]["text"]) for each in invocation["toolExecutionNotifications"]]
    assert told == [
        ("note", f"trip: not applicable: model-429, model-400: {NO_MODEL}"),
        ("note", f"waits: not applicable: {INAPPLICABLE.inapplicable}"),
        ("error", "trip: nothing was swept: the worker exited with status 1"),
    ]
    assert invocation["executionSuccessful"]
    (alone,) = sarif([unswept], places={}, version="1.0")["runs"]
    assert not alone["invocations"][0]["executionSuccessful"]


def test_hostile_text_is_harmless_in_every_file_of_a_report() -> None:
    nasty = Finding(
        check="effects-happen-once", message=NASTY, subject=NASTY, evidence=(EvidenceEntry(words=(NASTY,)),)
    )
    result = swept(
        verdict("9f3a2c", KILL, Outcome.FAIL, nasty),
        verdict("77aa01", KILL, Outcome.UNKNOWN, because=NASTY),
        scenario=NASTY,
        title=NASTY,
        gaps=(NASTY,),
        notes=(NASTY,),
        unsteady=(NASTY,),
        masked=(NASTY,),
        not_applicable={"model-429": NASTY},
    )
    run = RunReport(
        sweeps=(result, replace(INAPPLICABLE, inapplicable=NASTY)),
        place=NASTY,
        places={NASTY: CodePlace(file=NASTY, line=1, column=0)},
    )
    for form in forms():
        written = form.make(run).decode()
        shown = "".join(_texts(json.loads(written))) if form.file.endswith((".json", ".sarif")) else written
        assert "\N{PARTY POPPER}" in shown, form.file
        assert form.file == "report.json" or harmless(shown), form.file
        if form.file.endswith(".html"):
            Page(written)
            assert written.count("<script") == 1
        if form.file.endswith(".xml"):
            assert "\N{PARTY POPPER}" in "".join(ElementTree.fromstring(written).itertext())
        if form.file.endswith(".md"):
            assert not re.search(r"[@#]\w|(?<!\\)[<|]script|://|(?<!\\)!\[", _CODE_SPAN.sub("", written))


_CODE_SPAN = re.compile(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)")


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
