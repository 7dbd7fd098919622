"""The page of replays and of audits: the one that sweeps have, with their findings and limits."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.records.run_record import begin
from harness.report.audit.source import audit_report
from harness.report.finding import Report
from harness.report.html.page import html
from harness.report.replay.source import replay_report
from harness.report.sweep.source import sweep_report
from tests.unit.checks.build import Story
from tests.unit.report.audited import CLEAN, EVERYTHING, HOSTILE, RULES
from tests.unit.report.html.test_timeline import charged_twice
from tests.unit.report.nasty import NASTY, harmless
from tests.unit.report.replayed import REPLAYED
from tests.unit.report.samples import FAILED

CHROMIUM = shutil.which("chromium")

_HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom")

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
    assert not re.search(r"(src|href)=(?!\"#)|https?:|@import|url\(", page)
    assert f">{report.outcome}</span>" in page
    assert page.count("<article id") == len(report.counted)
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
    page = html(REPORTS["replay"])
    assert "app/order.py:7 in run" in page
    assert "own replay lets it pass: of activities id and type are compared alone" in page


def test_its_own_style_and_script_are_all_that_its_policy_lets_in() -> None:
    page = html(REPORTS["clean"])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    for name, text in re.findall(r"<(style|script)>(.*?)</", page, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;;")
    assert not re.search(r" (style|on\w+)=", page)


def test_a_finding_is_drawn_with_the_undisturbed_trial_beside_it() -> None:
    left = {"9f3a2c": charged_twice().evidence(), "1a2b3c": charged_twice().evidence()}
    page = html(sweep_report([FAILED]), sweeps=[FAILED], evidence=left.get)
    assert page.count('<section class="line"') == 2
    anchors = re.findall(r'<li id="([^"]*)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#(t[^"]*)"', page)) <= set(anchors)


def test_histories_lead_to_the_web_ui_where_the_database_was_kept() -> None:
    left = replace(charged_twice().evidence(), namespace="trial-9f3a2c")
    record = begin(scenarios=(), options={}, server={})
    kept = replace(record, command=("crashproof", "run", "agent.py", "--keep"))
    address = r'href="http://127\.0\.0\.1:8233/namespaces/trial-9f3a2c/workflows/[^"]*/history"'
    for evidence, of, links in ((left, kept, True), (left, record, False), (charged_twice().evidence(), kept, False)):
        page = html(
            sweep_report([FAILED], folder="runs/1"), sweeps=[FAILED], record=of, evidence={"9f3a2c": evidence}.get
        )
        assert bool(re.search(address, page)) is links
        assert ("crashproof server start --run runs/1 --trial" in page) is links


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_in_a_browser_a_mark_opens_its_row_and_time_can_be_gone_through(tmp_path: Path) -> None:
    assert CHROMIUM
    page = html(sweep_report([FAILED]), sweeps=[FAILED], evidence=lambda _: charged_twice().evidence())
    (tmp_path / "report.html").write_text(page)
    shown = subprocess.run(
        [CHROMIUM, *_HEADLESS, f"--user-data-dir={tmp_path}/browser", f"{(tmp_path / 'report.html').as_uri()}#t0-3"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "CONSOLE" not in shown.stderr
    assert re.search(r'<li id="t0-3"[^>]*><details open="">', shown.stdout)
    assert re.search(r'<label class="scrub">through time', shown.stdout)


def test_what_a_trial_said_is_harmless() -> None:
    story = Story()
    story.effect(NASTY, {"note": NASTY}, task=story.activity(NASTY))
    page = html(sweep_report([FAILED]), sweeps=[FAILED], evidence=lambda _: story.evidence())
    assert harmless(page)
    assert page.count("<script") == 1


def test_what_was_run_stands_on_top() -> None:
    record = replace(begin(scenarios=(), options={}, server={"version": "1.32"}), revision="v1-2-gabc-dirty")
    page = html(REPORTS["clean"], record=record)
    for shown in ("<dd>1.32</dd>", "<dd>v1-2-gabc-dirty</dd>", f"python {record.versions['python']}"):
        assert shown in page


def test_what_a_history_or_the_code_says_is_escaped() -> None:
    assert "<b>" not in html(REPORTS["hostile"]).replace("<b>Agent</b>", "")
