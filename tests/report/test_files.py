"""The report files of an evidence folder: HTML, JUnit, Markdown and SARIF say what the text says, and escape it."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.report.html import html
from harness.report.junit import junit
from harness.report.sarif import sarif
from harness.report.summary import summary
from harness.swept import Swept
from harness.verdict import Finding, Outcome
from tests.report.test_text import FAILED, KILL, PASSED, UNSHOWN, swept, verdict

HOSTILE = Finding(
    check="effects-happen-once",
    message="<script>alert(1)</script> & | `x` \x00 twice",
    subject="charge",
    evidence=("<b>&</b>\x1b[31m",),
)
HURT = swept(verdict("9f3a2c", KILL, Outcome.FAIL, HOSTILE), gaps=("<i>",))


@pytest.mark.parametrize("found", [PASSED, FAILED, UNSHOWN, HURT])
def test_page_stands_alone(found: Swept) -> None:
    page = html([found], folder=".crashproof/runs/latest")
    assert page.startswith("<!doctype html>")
    assert not re.search(r"(src|href)=|https?:|@import|url\(", page)
    assert found.outcome in page


def test_page_shows_the_finding_and_escapes_it() -> None:
    page = html([FAILED], folder="runs/x")
    for told in ("charge happened 2 times, expected once", "crashproof reproduce 9f3a2c", "runs/x/trials/9f3a2c/"):
        assert told in page
    hurt = html([HURT])
    assert "<script>" not in hurt
    assert "&lt;script&gt;" in hurt
    assert "<b>" not in hurt.partition("<pre>")[2].partition("</pre>")[0]


def test_junit_counts_and_escapes() -> None:
    suites = [ElementTree.fromstring(junit([found])).find("testsuite") for found in (PASSED, FAILED, UNSHOWN, HURT)]
    counted = [(each.get("tests"), each.get("failures"), each.get("errors")) for each in suites if each is not None]
    assert counted == [("2", "0", "0"), ("3", "2", "0"), ("3", "0", "2"), ("1", "1", "0")]
    failed = ElementTree.fromstring(junit([FAILED]))
    failure = failed.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "charge happened 2 times, expected once"
    assert (failure.text or "").endswith("Reproduce with: crashproof reproduce 9f3a2c")
    error = ElementTree.fromstring(junit([UNSHOWN])).find("testsuite/testcase/error")
    assert error is not None
    assert "never struck" in (error.get("message") or "")


def test_junit_tells_of_a_scenario_that_could_not_be_swept() -> None:
    nothing = replace(PASSED, verdicts=(), reason="the worker exited with status 1")
    error = ElementTree.fromstring(junit([nothing])).find("testsuite/testcase/error")
    assert error is not None
    assert error.get("message") == "the worker exited with status 1"


def test_summary_is_a_table_after_the_findings() -> None:
    told = summary([FAILED, PASSED], folder="runs/x").splitlines()
    assert told[0] == "## crashproof: FAIL"
    assert "charge happened 2 times, expected once" in told[3]
    assert told[4] == "Reproduce with `crashproof reproduce 9f3a2c`"
    assert told[-5:-2] == [
        "|---|---|---|---|---|---|",
        "| trip | FAIL | 3 | 2 | 0 | 1/1 |",
        "| trip | PASS | 2 | 0 | 0 | 1/1 |",
    ]
    assert "\\<script\\>" in summary([HURT])


def test_sarif_has_a_result_for_each_finding() -> None:
    log = sarif([FAILED, PASSED], files={"trip": "scenarios/trip.py"}, version="1.0")
    run = log["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["effects-happen-once"]
    (result,) = run["results"]
    assert result["ruleIndex"] == 0
    assert result["message"]["text"].endswith("Reproduce with: crashproof reproduce 9f3a2c")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "scenarios/trip.py"
    assert sarif([PASSED], files={}, version="1.0")["runs"][0]["results"] == []
