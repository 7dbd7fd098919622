"""The page of replays and of audits: the one that sweeps have, with their findings and limits."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.records.run_record import DeclaredScenario, begin
from harness.records.sweep_result import SweepResult
from harness.records.verdict import EvidenceEntry, Judgement
from harness.report.audit.source import audit_report
from harness.report.finding import Report
from harness.report.html.page import html
from harness.report.replay.source import replay_report
from harness.report.sweep.source import sweep_report
from tests.unit.checks.build import Story
from tests.unit.report.audited import CLEAN, EVERYTHING, HOSTILE, RULES
from tests.unit.report.html.browser import CHROMIUM, alike, measured, opened, picture
from tests.unit.report.html.test_timeline import charged_twice
from tests.unit.report.nasty import NASTY, harmless
from tests.unit.report.replayed import REPLAYED
from tests.unit.report.samples import FAILED

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

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


@in_a_browser
def test_in_a_browser_a_mark_opens_its_row_and_time_can_be_gone_through(tmp_path: Path) -> None:
    page = html(sweep_report([FAILED]), sweeps=[FAILED], evidence=lambda _: charged_twice().evidence())
    (tmp_path / "report.html").write_text(page)
    place = f"{(tmp_path / 'report.html').as_uri()}#t0-3"
    shown = opened(place, "--enable-logging=stderr", "--dump-dom", folder=tmp_path)
    assert "CONSOLE" not in shown.stderr
    assert re.search(r'<li id="t0-3"[^>]*><details open="">', shown.stdout)
    assert re.search(r'<label class="scrub">through time', shown.stdout)


HAPPENED_TWICE = (EvidenceEntry("12:00:00.045", "worker 22863"), EvidenceEntry("12:01:00.105", "worker 22864"))
"""What a finding shows of ``charged_twice``: both answers to the effect."""

DRAWN = Path(__file__).with_name("charged_twice.txt")
"""What is drawn of ``charged_twice``, in light above and in dark below, cell by cell."""


def shown_by(*entries: EvidenceEntry) -> SweepResult:
    """Return a sweep whose finding is shown by entries."""

    def shown(judgement: Judgement) -> Judgement:
        return replace(judgement, findings=tuple(replace(each, evidence=entries) for each in judgement.findings))

    verdicts = (replace(each, judgements=tuple(map(shown, each.judgements))) for each in FAILED.verdicts)
    return replace(FAILED, verdicts=tuple(verdicts))


def page_of(*entries: EvidenceEntry) -> str:
    sweep = shown_by(*entries)
    return html(sweep_report([sweep]), sweeps=[sweep], evidence=lambda _: charged_twice().evidence())


def drawings(page: str) -> str:
    """Return a page of nothing but the first timeline, in light and in dark; without words, whose fonts differ."""
    style, dark, drawn = (
        re.search(each, page, re.DOTALL)
        for each in (r"<style>(.*?)</style>", r"scheme: dark\) \{ :root (\{.*?\})", r'<svg class="timeline".*?</svg>')
    )
    assert style
    assert dark
    assert drawn
    own = "body { margin: 0; padding: 0 } svg text { visibility: hidden } div { height: 96px; width: 640px } "
    own += (
        f"svg.timeline {{ min-width: 0; display: block }} .dark {{ background: #121212; color: white }} .dark {dark[1]}"
    )
    light = style[1].replace("color-scheme: light dark", "color-scheme: light")
    return f"<!doctype html><style>{light}{own}</style><div>{drawn[0]}</div><div class=dark>{drawn[0]}</div>"


@in_a_browser
def test_a_picture_shows_the_strike_the_lost_attempt_and_what_happened_twice_as_a_pair(tmp_path: Path) -> None:
    stored = DRAWN.read_text().splitlines()
    drawn = picture(drawings(page_of(*HAPPENED_TWICE)), folder=tmp_path, window="640,192")
    assert alike(drawn, stored), "\n".join(drawn)


def test_pictures_are_alike_only_where_they_show_the_same() -> None:
    stored = DRAWN.read_text().splitlines()
    moved = [f" {line}" for line in stored]
    assert alike(stored, stored)
    assert alike(moved, stored)
    assert not alike([f"    {line}" for line in stored], stored)
    for missing in ("r", "b", "g"):  # the strike and the pair, the attempts and requests, the replies
        assert not alike([line.replace(missing, " ") for line in stored], stored)


ON_A_PHONE = """
  const marks = [...document.querySelectorAll("svg.timeline a")];
  const damage = document.querySelector(".damage li").getBoundingClientRect();
  const line = document.querySelector("section.line"), slider = line.querySelector("input");
  slider.value = 3;
  slider.dispatchEvent(new Event("input"));
  const search = document.querySelector("input[type=search]"), trials = search.closest("details");
  search.value = "no such trial";
  search.dispatchEvent(new Event("input"));
  document.querySelector(".damage a").click();
  return {
    wider: document.documentElement.scrollWidth - innerWidth,
    first_screen: damage.top > 0 && damage.bottom < 600,
    reproduce: document.querySelector(".damage code").textContent,
    reached_by_key: marks.every(each => each.tabIndex === 0 && each.getAttribute("aria-label")),
    cursor: line.querySelector(".cursor.on") !== null,
    told: line.querySelector("output").textContent !== "",
    current: line.querySelector("[aria-current=step]").id,
    found: [...trials.querySelectorAll("tbody tr")].filter(each => !each.hidden).length,
    led_to: location.hash,
  };
"""


@in_a_browser
def test_on_a_phone_the_damage_comes_first_and_all_is_reached_by_key(tmp_path: Path) -> None:
    assert measured(page_of(*HAPPENED_TWICE), ON_A_PHONE, folder=tmp_path, window="500,900") == {
        "wider": 0,
        "first_screen": True,
        "reproduce": "crashproof reproduce 9f3a2c",
        "reached_by_key": True,
        "cursor": True,
        "told": True,
        "current": "t0-3",
        "found": 0,
        "led_to": "#f0",
    }


@in_a_browser
def test_on_paper_every_timeline_is_seen_from_end_to_end(tmp_path: Path) -> None:
    cut = "return [...document.querySelectorAll('.wide')].filter(each => each.scrollWidth > each.clientWidth).length;"
    page = page_of(*HAPPENED_TWICE)
    assert measured(page, cut, folder=tmp_path, window="720,900") > 0
    assert measured(page.replace("@media print", "@media all"), cut, folder=tmp_path, window="720,900") == 0


def test_what_fails_and_what_is_told_alone_are_told_apart() -> None:
    report = sweep_report([FAILED])
    assert '<article id="f0">' in html(report)
    told = replace(report, findings=tuple(replace(each, fails=False) for each in report.findings))
    assert '<article id="f0" class="told">' in html(told)


def test_what_a_trial_said_is_harmless() -> None:
    story = Story()
    story.effect(NASTY, {"note": NASTY}, task=story.activity(NASTY))
    page = html(sweep_report([FAILED]), sweeps=[FAILED], evidence=lambda _: story.evidence())
    assert harmless(page)
    assert page.count("<script") == 1


def test_what_was_run_stands_on_top() -> None:
    scenarios = tuple(DeclaredScenario(name=name, worker="python -m app.worker") for name in ("one", "two"))
    record = replace(begin(scenarios=scenarios, options={}, server={"version": "1.32"}), revision="v1-2-gabc-dirty")
    page = html(REPORTS["clean"], record=record)
    for shown in (
        "<dt>Worker</dt><dd>python -m app.worker</dd>",
        "<dd>1.32</dd>",
        "<dd>v1-2-gabc-dirty</dd>",
        f"python {record.versions['python']}",
    ):
        assert shown in page


def test_what_a_history_or_the_code_says_is_escaped() -> None:
    assert "<b>" not in html(REPORTS["hostile"]).replace("<b>Agent</b>", "")


@pytest.mark.parametrize("spoilt", [b"", b"j2\x06garbage", None])
def test_a_page_is_the_same_whatever_is_kept_of_its_templates(
    spoilt: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    page = html(REPORTS["everything"])
    kept = list((tmp_path / "crashproof" / "pages").iterdir())
    assert kept
    for each in kept:
        each.write_bytes(each.read_bytes() if spoilt is None else spoilt)
    assert html(REPORTS["everything"]) == page
    (tmp_path / "file").touch()
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "file")
    assert html(REPORTS["everything"]) == page
