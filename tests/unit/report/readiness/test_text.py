"""The checklist in all its forms: what is told, what is escaped, and that the forms say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from harness.readiness.measuring import Measured, checklist
from harness.records.checklist import CheckedPoint, Checklist
from harness.records.files import write_json
from harness.records.store import CHECKLIST
from harness.records.verdict import Outcome
from harness.report.document import encoded
from harness.report.form import RunReport
from harness.report.html.page import html
from harness.report.readiness.badge import badge
from harness.report.readiness.markdown import checklist_markdown
from harness.report.readiness.source import checklist_document
from harness.report.readiness.text import checklist_text
from tests.unit.report.samples import PASSED
from tests.unit.report.shapes import unlike

POINT = CheckedPoint(
    id="I1",
    theme="idempotency",
    title="Each effect once",
    promise="Each effect happens once.",
    outcome=Outcome.FAIL,
    why="effects-happen-once: charge happened 2 times",
    evidence=("runs/1/trials/9f3a2c/", "crashproof reproduce 9f3a2c"),
    remedy="Send a key.",
    planted="scenarios/broken/effects.py::effect_without_key",
)
HELD = replace(POINT, id="D1", theme="determinism", title="Replays strictly", outcome=Outcome.PASS, why="held")
NONE = replace(POINT, id="C1", theme="fallback", title="A breaker opens", outcome=None, why="the work asks no model")
FILLED = Checklist(points=(HELD, POINT, NONE), limits=("no code was read",))
HOSTILE = "<script>alert(1)</script> \x1b[31m | `x`"


def test_the_text_has_a_line_for_each_point_and_what_a_failed_one_needs() -> None:
    assert checklist_text(FILLED, folder="runs/1").splitlines() == [
        "determinism",
        "  PASS            D1  Replays strictly",
        "                      held",
        "idempotency",
        "  FAIL            I1  Each effect once",
        "                      effects-happen-once: charge happened 2 times",
        "                      runs/1/trials/9f3a2c/",
        "                      crashproof reproduce 9f3a2c",
        "                      Fix: Send a key.",
        "fallback",
        "  not applicable  C1  A breaker opens",
        "                      the work asks no model",
        "",
        "  no code was read",
        "Evidence: runs/1",
        "FAIL  3 points: 1 PASS, 1 FAIL, 1 not applicable",
    ]


def test_the_page_to_sign_tells_what_is_to_be_done() -> None:
    page = checklist_markdown(FILLED, record=None, folder="runs/1")
    assert "| I1 | idempotency | Each effect once | FAIL |" in page
    assert "### I1 Each effect once: FAIL" in page
    assert "### D1" not in page
    assert "- Limit: no code was read" in page
    assert page.rstrip().endswith("Signed off by: ______________________  Date: ______________")


def test_the_badge_is_a_picture_that_says_how_many_pass() -> None:
    root = ElementTree.fromstring(badge(FILLED))
    assert root.attrib["aria-label"] == "crashproof: 1 of 2 points pass"
    assert "http" not in badge(FILLED).replace("http://www.w3.org/2000/svg", "")
    assert "not measured" in badge(Checklist())


def test_the_document_is_as_its_schema_says() -> None:
    filled = checklist(Measured())
    told = msgspec.json.decode(encoded(checklist_document(filled, sweeps=[PASSED], folder="runs/1")))
    assert (told["outcome"], told["exit_status"], len(told["checklist"])) == ("UNKNOWN", 3, 12)
    assert told["trials"]["run"] == 2
    assert unlike(told, "ready") == []


def test_the_report_of_a_run_shows_the_checklist_that_was_filled_from_it(tmp_path: Path) -> None:
    run = RunReport(sweeps=[PASSED], place="runs/1", folder=tmp_path)
    assert run.checklist is None
    write_json(tmp_path / CHECKLIST, FILLED)
    again = RunReport(sweeps=[PASSED], place="runs/1", folder=tmp_path)
    assert again.checklist == FILLED
    page = html(again.report, sweeps=again.sweeps, checklist=again.checklist)
    assert all(point.title in page for point in FILLED.points)
    assert page.index("Each effect once") < page.index("<th>scenario</th>")


def test_no_form_is_steered_by_what_it_tells() -> None:
    hostile = Checklist(points=(replace(POINT, why=HOSTILE, evidence=(HOSTILE,)),), limits=(HOSTILE,))
    run = RunReport(sweeps=[PASSED])
    page = html(run.report, sweeps=run.sweeps, checklist=hostile)
    assert "<script>alert" not in page
    assert "\x1b" not in checklist_text(hostile) + checklist_markdown(hostile, record=None, folder="f") + page
    assert "| <script>" not in checklist_markdown(hostile, record=None, folder="f")
