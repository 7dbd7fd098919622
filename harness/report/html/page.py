"""The report as one HTML page: opens from disk, carries no outside reference, escapes everything."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import jinja2
import platformdirs
from jinja2.bccache import Bucket
from markupsafe import Markup

from harness.foreign import for_terminal
from harness.records.checklist import Checklist
from harness.records.evidence import Evidence
from harness.records.private_files import make_private
from harness.records.run_record import RunRecord
from harness.records.sweep_result import SweepResult
from harness.records.verdict import EvidenceEntry
from harness.report.finding import Report
from harness.report.form import Form, RunReport
from harness.report.html.fault_map import fault_map
from harness.report.html.path_tree import PathTree
from harness.report.html.recovery_times import recovery_times
from harness.report.html.timeline import Timeline, timeline_of
from harness.report.phrases import number, place_text, plan_text, reproduce_trial, step_text, why_unknown
from harness.report.readiness.source import headline
from harness.report.sweep.by_fault import grouped, listed, nowhere, totals
from harness.report.sweep.folding import Block, blocks
from harness.report.sweep.remarks import remarks, shared_notes
from harness.report.sweep.source import Reproduce, findings_of, unexplained, worst_first

_MOST_TIMELINES = 20
"""How many findings are shown with a timeline: the worst come first, and a page is to open at once."""

_MOST_NAMED = 10
"""How many findings the first screen names."""


def html(
    report: Report,
    *,
    sweeps: Sequence[SweepResult] = (),
    record: RunRecord | None = None,
    checklist: Checklist | None = None,
    trees: Sequence[PathTree] = (),
    evidence: Callable[[str], Evidence | None] = lambda trial: None,
    reproduce: Reproduce = reproduce_trial,
) -> str:
    """Return a report as an HTML page.

    Args:
        report: The report.
        sweeps: What each scenario came to, where it reports sweeps: their tables, trials and remarks are shown, too.
        record: What was run, with what, where that is known.
        checklist: The checklist, where one was filled from it.
        trees: Pictures of explorations.
        evidence: Returns what a trial left, from which its timeline is drawn; None where that is not there.
        reproduce: Returns the command that runs a trial again.
    """
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        finalize=_harmless,
        loader=jinja2.FunctionLoader(_own),
        bytecode_cache=_compiled(),
    )
    environment.filters["step_text"] = step_text
    style, script = Markup(_own("page.css")), Markup(_own("page.js"))
    return environment.get_template("page.html.j2").render(
        report=report,
        sweeps=sweeps,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hashed(style)}; script-src {_hashed(script)}; base-uri 'none'; "
        "form-action 'none'",
        most_named=_MOST_NAMED,
        checklist=checklist,
        checklist_headline=headline(checklist) if checklist else "",
        trees=trees,
        record=list(_of_record(record)) if record else (),
        kept=report.folder if record and _keeps_databases(record) else "",
        listed=listed,
        number=number,
        place_text=place_text,
        plan_text=plan_text,
        reproduce=reproduce,
        why_unknown=why_unknown,
        **(_of_sweeps(sweeps, evidence, reproduce) if sweeps else _of_findings(report)),
    )


def _own(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hashed(text: str) -> str:
    """Return what a content security policy names a text by that is part of the page itself."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _of_record(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Yield what was run: the name of each thing, and the thing."""
    yield "Command", " ".join(record.command)
    if workers := dict.fromkeys(each.worker for each in record.scenarios if each.worker):
        yield "Worker", ", ".join(workers)
    yield "When", datetime.fromtimestamp(record.started, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if record.revision:
        yield "Revision", record.revision
    if record.server:
        yield "Server", record.server.get("version", "")
    yield "Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())
    if _keeps_databases(record):
        yield "Histories", "crashproof server start --run FOLDER opens the kept database with Temporal's own Web UI"
    yield "Machine", ", ".join(f"{name} {value}" for name, value in record.machine.items())


def _keeps_databases(record: RunRecord) -> bool:
    return "--keep" in record.command


def _timelines(
    shown: Sequence[Block], undisturbed: Mapping[str, str], evidence: Callable[[str], Evidence | None]
) -> Iterator[tuple[Timeline | None, Timeline | None]]:
    """Yield for each block the timelines of the trial that shows it and, once a scenario, of the undisturbed one."""
    drawn: set[str] = set()
    for place, block in enumerate(shown):
        if place >= _MOST_TIMELINES:
            yield None, None
            continue
        finding = block.first
        beside = undisturbed.get(finding.scenario, "")
        own = _timeline(f"t{place}", finding.trial, evidence, shown_by=finding.evidence)
        once = own is not None and beside not in (finding.trial, *drawn)
        drawn.add(beside)
        yield own, _timeline(f"u{place}", beside, evidence) if once else None


def _timeline(
    anchor: str, trial: str, evidence: Callable[[str], Evidence | None], *, shown_by: Sequence[EvidenceEntry] = ()
) -> Timeline | None:
    left = evidence(trial) if trial else None
    return timeline_of(left, anchor=anchor, shown_by=shown_by) if left else None


def _harmless(value: Any) -> Any:
    """Return what a page shows of a value; what is markup already was made of values that came by here."""
    return for_terminal(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _of_sweeps(
    sweeps: Sequence[SweepResult], evidence: Callable[[str], Evidence | None], reproduce: Reproduce
) -> dict[str, Any]:
    """Return what the page shows of sweeps: faults, findings by cause, trials without verdict, remarks by scenario."""
    folded = blocks(worst_first(finding for each in sweeps for finding in findings_of(each, reproduce=reproduce)))
    undisturbed = {
        each.scenario: next((verdict.trial for verdict in each.verdicts if not verdict.plan.strikes), "")
        for each in sweeps
    }
    by_fault = totals(sweeps)
    reasons = nowhere(by_fault)
    shared = shared_notes(sweeps)
    said = tuple(reasons) if len(by_fault) > 1 else ()
    return {
        "faults": by_fault,
        "nowhere": grouped(reasons),
        "blocks": folded,
        "timelines": list(_timelines(folded, undisturbed, evidence)),
        "maps": {each.scenario: fault_map(each.verdicts) for each in sweeps},
        "recoveries": {each.scenario: recovery_times(each.verdicts) for each in sweeps},
        "accepted": (),
        "limits": (),
        "gaps": [(each.scenario, gap) for each in sweeps for gap in each.gaps],
        "unknown": [verdict for each in sweeps for verdict in unexplained(each)],
        "scenarios": [
            (each, remarks(replace(each, gaps=()), shared=shared, said=said))
            for each in sweeps
            if not each.inapplicable
        ],
        "shared": shared,
    }


def _of_findings(report: Report) -> dict[str, Any]:
    """Return what the page shows of any other report: its findings one by one, and what limits them."""
    return {
        "faults": (),
        "nowhere": {},
        "blocks": [Block(finding) for finding in report.counted],
        "timelines": [(None, None)] * len(report.counted),
        "maps": {},
        "recoveries": {},
        "accepted": [finding for finding in report.findings if finding.suppression],
        "limits": report.limits,
        "gaps": (),
        "unknown": (),
        "scenarios": (),
        "shared": (),
    }


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Keeps what templates were compiled to, which takes 0.35 s each time else.

    A file that cannot be read, or a disk that takes none, is as good as no file.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except Exception:  # whatever unpickling raises
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def _compiled() -> _Compiled | None:
    """Return what keeps compiled templates in the user's own cache, where nobody else writes; None: it is no folder."""
    folder = platformdirs.user_cache_path("crashproof") / "pages"
    try:
        make_private(folder)
    except OSError:
        return None
    return _Compiled(str(folder))


def _made(run: RunReport) -> bytes:
    return html(
        run.report,
        sweeps=run.sweeps,
        record=run.record,
        checklist=run.checklist,
        evidence=run.evidence,
        reproduce=run.reproduce,
    ).encode()


FORM = Form(file="report.html", make=_made)
