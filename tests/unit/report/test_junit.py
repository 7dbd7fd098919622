"""JUnit XML: what each case came to, and how many came to it."""

from __future__ import annotations

from xml.etree import ElementTree

from harness.records.audit_result import Certainty
from harness.records.verdict import EvidenceEntry, Outcome
from harness.report.finding import Case, Report, ReportedFinding, Suite
from harness.report.junit import junit

FINDING = ReportedFinding(
    id="1", check="c", message="m\x00", scenario="s", reproduce="r", evidence=(EvidenceEntry(words=("shown",)),)
)
LOOK = ReportedFinding(
    id="2", check="c", message="m", scenario="s", reproduce="r", certainty=Certainty.LOOK, fails=False
)
CASES = (
    Case(name="fails", classname="a", findings=(FINDING,)),
    Case(name="unknown", classname="a", error="why"),
    Case(name="skipped", classname="a", skipped="not here"),
    Case(name="look", classname="a", findings=(LOOK,)),
    Case(name="passes", classname="a"),
)


def suite_of(*, may_skip: bool) -> ElementTree.Element:
    suite = Suite(name="x", cases=CASES, seconds=1.5, may_skip=may_skip)
    return ElementTree.fromstring(junit(Report(kind="run", outcome=Outcome.FAIL, headline="", suites=(suite,))))[0]


def test_each_case_has_what_it_came_to() -> None:
    suite = suite_of(may_skip=True)
    assert [[part.tag for part in case] for case in suite] == [["failure"], ["error"], ["skipped"], ["system-out"], []]
    assert suite.attrib == {"name": "x", "tests": "5", "failures": "1", "errors": "1", "skipped": "1", "time": "1.500"}
    assert suite[0][0].text == "shown\nReproduce with: r"
    assert suite[0][0].get("message") == "m\N{REPLACEMENT CHARACTER}"


def test_what_is_known_beside_and_the_story_are_told() -> None:
    case = Case(name="one", classname="a", findings=(LOOK,), properties={"plan": "p"}, story=("killed", "held"))
    suite = Suite(name="x", cases=(case,), seconds=1.5, properties={"points": "4"})
    [read] = ElementTree.fromstring(junit(Report(kind="run", outcome=Outcome.PASS, headline="", suites=(suite,))))
    assert [part.tag for part in read] == ["properties", "testcase"]
    assert read.get("tests") == "1"
    assert [part.tag for part in read[1]] == ["properties", "system-out"]
    assert read[1][0][0].attrib == {"name": "plan", "value": "p"}
    assert (read[1].findtext("system-out") or "").splitlines()[:3] == ["killed", "held", "c (look at it): m"]


def test_what_cannot_be_skipped_is_not_counted() -> None:
    assert "skipped" not in suite_of(may_skip=False).attrib
