"""The page of replays and of audits: the one that sweeps have, with their findings and limits."""

from __future__ import annotations

import re

import pytest

from harness.report.audit.source import audit_report
from harness.report.finding import Report
from harness.report.html.page import html
from harness.report.replay.source import replay_report
from tests.unit.report.audited import CLEAN, EVERYTHING, HOSTILE, RULES
from tests.unit.report.replayed import REPLAYED

REPORTS = {
    "replay": replay_report(REPLAYED, reproduce=lambda _: "crashproof replay h"),
    **{
        name: audit_report(audited, rules=RULES, reproduce=lambda _: "crashproof audit app")
        for name, audited in {"clean": CLEAN, "everything": EVERYTHING, "hostile": HOSTILE}.items()
    },
}


@pytest.mark.parametrize("name", REPORTS)
def test_it_stands_alone_and_says_what_came_out(name: str) -> None:
    report: Report = REPORTS[name]
    page = html(report)
    assert not re.search(r"(src|href)=|https?:|@import|url\(", page)
    assert f">{report.outcome}</span>" in page
    assert page.count("<article>") == len(report.counted)
    assert "None" not in page


def test_a_finding_shows_its_place_its_way_and_how_to_have_it_again() -> None:
    page = html(REPORTS["everything"])
    for shown in (
        "app/tools.py:4:12",
        "app/workflows.py:7 calls stamp()",
        "CP101 clock-in-workflow (certain)",
        "effects-happen-once: note was saved 2 times",
        "<code>crashproof audit app</code>",
        "it is logged only",
        "app/old.py: not audited: line 1: invalid syntax",
    ):
        assert shown in page
    assert "app/order.py:7 in run" in html(REPORTS["replay"])


def test_what_a_history_or_the_code_says_is_escaped() -> None:
    assert "<b>" not in html(REPORTS["hostile"]).replace("<b>Agent</b>", "")
