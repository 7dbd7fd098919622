"""``crashproof audit``: read workflow and activity code, never run it, and tell what breaks durability."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.output import FORMAT, say
from harness.cli.progress import ProgressDisplay
from harness.errors import UsageError
from harness.records.audit_result import AuditFinding, AuditResult, RuleText, Severity
from harness.records.run_record import versions
from harness.records.store import RUNS
from harness.records.sweep_result import News
from harness.report.files import shown_path
from harness.report.phrases import number

if TYPE_CHECKING:
    from harness.audit.configuration import Configuration
    from harness.audit.rules import Rule

CACHE = RUNS.parent / "audit"
"""Where results are remembered, by the content of the files."""

_WORDS = [severity.word for severity in Severity]
_TOLD_EVERY = 5.0
_SHOWN_EVERY = 0.1

_EPILOG = """\b
PATHS are Python files and folders. Nothing in them is imported or run, and
neither a server nor the packages they import need to be there. Recorded
histories and folders of them are audited by what they show.
\b
Severities: certain (it breaks), likely (it will probably break), look (someone
should look at it). A finding is ignored by a comment that gives the reason:
  for tool in tools:  # crashproof: ignore[CP106] one element at most
  # crashproof: ignore-file[CP301] this file is generated
Configuration: [tool.crashproof.audit] in pyproject.toml, or [audit] in
crashproof.toml, with rules, skip, severity, fail_on, exclude, passed_through
and baseline.
\b
Examples:
  crashproof audit app/
  crashproof audit app/ --rule CP1 --severity certain
  crashproof audit app/ --write-baseline
  crashproof audit app/ --with-evidence latest
  crashproof audit histories/
  crashproof audit --explain CP106
Exit status: 0 nothing found, or less than --fail-on, 1 finding, 2 usage,
3 unknown: nothing audited, or not all, 130 interrupted.
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATHS...")
@click.option(
    "--rule", "rules", multiple=True, metavar="RULE", help="Ask these rules only: id, name, or CP1 for a family."
)
@click.option("--skip-rule", "skip", multiple=True, metavar="RULE", help="Ask all but these rules.")
@click.option("--severity", type=click.Choice(_WORDS), help="Tell and count only findings at least so severe.")
@click.option(
    "--fail-on", type=click.Choice(_WORDS), help="Severity from which on a finding is exit status 1. [default: likely]"
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File of known findings, which are not told again. [default: as configured]",
)
@click.option("--write-baseline", is_flag=True, help="Write all findings into that file [crashproof-baseline.toml].")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Configuration. [default: the nearest pyproject.toml or crashproof.toml that has one]",
)
@click.option(
    "--explain", metavar="RULE", help="Say what a rule wants and why; `all` prints a page of all as Markdown."
)
@click.option("--unresolved", is_flag=True, help="List the calls that could not be followed, too.")
@click.option(
    "--with-evidence",
    metavar="RUN",
    help="Mark what a run confirms, and name what it shows and no finding tells: its folder, id, or `latest`.",
)
@click.option("--report", type=click.Choice(["sarif", "github", "junit"]), help="Print that report instead.")
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time. [default: one a processor]")
@click.option("--no-cache", is_flag=True, help=f"Remember nothing, and ask nothing that is remembered in {CACHE}.")
@FORMAT
def audit(paths: tuple[str, ...], form: str, **given: Any) -> int:
    """Read workflow and activity code, never run it, and tell what breaks durability, and how it is reached."""
    if given["explain"]:
        return _explain(given["explain"], form)
    if not paths:
        raise UsageError("say what to audit: crashproof audit app/ (or `--explain RULE` to read about one)")
    configured = _configured(given)
    asked = _asked(configured)
    found = _judged(_read(paths, configured, asked, given), configured, asked)
    if given["write_baseline"]:
        return _write_baseline(found, configured, asked)
    found = _met(_known(found, configured, asked), given["with_evidence"])
    found = _severe(found, given["severity"])
    _print(found, form=given["report"] or form, paths=paths, given=given)
    return found.outcome.exit_status


def _configured(given: dict[str, Any]) -> Configuration:
    """Return the configuration, with what options say instead."""
    from harness.audit import configuration

    found = configuration.load(given["config"]) if given["config"] else configuration.find(Path.cwd())
    told: dict[str, Any] = {}
    if given["rules"]:
        told |= {"rules": configuration.rules_of(given["rules"], "--rule"), "skip": ()}
    if given["skip"]:
        told["skip"] = (*found.skip, *configuration.rules_of(given["skip"], "--skip-rule"))
    if given["fail_on"]:
        told["fail_on"] = configuration.severity_of(given["fail_on"], "--fail-on")
    if given["baseline"]:
        told["baseline"] = given["baseline"]
    return replace(found, **told)


def _asked(configured: Configuration) -> list[Rule]:
    from harness.audit.configuration import CATALOGUE

    chosen = configured.rules or [rule.id for rule in CATALOGUE]
    asked = [rule for rule in CATALOGUE if rule.id in chosen and rule.id not in configured.skip]
    if not asked:
        raise UsageError("no rule is left to ask: all that are chosen are skipped")
    return asked


def _read(paths: Sequence[str], configured: Configuration, asked: Sequence[Rule], given: dict[str, Any]) -> AuditResult:
    from harness.cli.audit_reading import AuditRequest, read

    cache = None if given["no_cache"] else CACHE
    wanted = AuditRequest(paths=paths, configured=configured, asked=asked, jobs=given["jobs"] or 0, cache=cache)
    with ProgressDisplay() as told, _terminable():
        return read(wanted, _AuditProgress(told))


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the audit as Ctrl-C does, with its processes."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _AuditProgress:
    """Passes on how far an audit is, as often as it can be read."""

    def __init__(self, told: ProgressDisplay) -> None:
        self._told = told
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        every = _SHOWN_EVERY if self._told.live else _TOLD_EVERY
        if time.monotonic() - self._last < every and done < total:
            return
        self._last = time.monotonic()
        if self._told.live:
            self._told.tell(News(scenario="audit", text="", done=done, total=total))
        elif done < total:
            self._told.line(f"{done} of {total} parts audited")


def _judged(found: AuditResult, configured: Configuration, asked: Sequence[Rule]) -> AuditResult:
    """Return the audit with severities as configured, and without what comments ignore."""
    from harness.audit.configuration import CATALOGUE
    from harness.audit.ignores import heed

    findings = tuple(
        replace(each, severity=configured.severity.get(each.rule, each.severity)) for each in found.findings
    )
    found = replace(found, findings=findings, fail_on=configured.fail_on)
    names = {key.lower(): rule.id for rule in CATALOGUE for key in (rule.id, rule.name)}
    return heed(found, rules=names, asked=[rule.id for rule in asked])


def _met(found: AuditResult, run: str | None) -> AuditResult:
    """Return the audit with what a run confirms of it, and what it missed."""
    if not run:
        return found
    from harness.audit.confirm import with_evidence

    return with_evidence(found, run, cwd=Path.cwd())


def _known(found: AuditResult, configured: Configuration, asked: Sequence[Rule]) -> AuditResult:
    from harness.audit import baseline

    if configured.baseline is None:
        return found
    file = configured.baseline
    return baseline.applied(found, baseline.load(file), folder=file.parent, asked=[rule.id for rule in asked])


def _write_baseline(found: AuditResult, configured: Configuration, asked: Sequence[Rule]) -> int:
    from harness.audit import baseline

    file = configured.baseline or baseline.FILE
    before = baseline.load(file) if file.exists() else ()
    kept = baseline.out_of_sight(before, found, folder=file.parent, asked=[rule.id for rule in asked])
    new = baseline.known_of(found.findings, folder=file.parent, before=before)
    known = {each.fingerprint: each for each in (*kept, *new)}
    baseline.save(file, known.values())
    told = f"{number(len(known), 'finding is', 'findings are')} in {shown_path(file)}: "
    told += "review it, and give a reason where it may stay" if len(known) == 1 else "review them, and give reasons"
    say(told if configured.baseline else f"{told}; --baseline {file}, or baseline in the configuration, uses it")
    return 0


def _severe(found: AuditResult, word: str | None) -> AuditResult:
    """Return the audit without the findings that are less severe than what was asked for."""
    least = next((severity.rank for severity in Severity if severity.word == word), 0)
    kept = tuple(each for each in found.findings if each.severity.rank >= least)
    return replace(found, findings=kept, below=len(found.findings) - len(kept))


def _print(found: AuditResult, *, form: str, paths: Sequence[str], given: dict[str, Any]) -> None:
    from harness.report.audit.source import audit_report
    from harness.report.document import document, encoded, indented, rows
    from harness.report.github import github
    from harness.report.junit import junit
    from harness.report.sarif import sarif

    rules = _texts()
    report = audit_report(found, rules=rules, reproduce=_reproduce(paths, given))
    if form == "text":
        _print_text(found, rules, unresolved=given["unresolved"])
    elif form == "github":
        click.echo(github(report, folder=_in_workspace()))
    elif form == "junit":
        click.echo(junit(report))
    elif form == "sarif":
        click.echo(indented(sarif(report, version=versions()["crashproof"])))
    elif form == "json":
        click.echo(indented(document(report)))
    else:
        for row in rows(report):
            click.echo(encoded(row))
    sys.stdout.flush()


def _print_text(found: AuditResult, rules: Sequence[RuleText], *, unresolved: bool) -> None:
    from harness.report.audit.text import audit_text

    colour, width = _terminal()
    text = audit_text(found, rules=rules, lines=_lines, colour=colour, width=width, unresolved=unresolved)
    click.echo(text, color=colour)


def _in_workspace() -> str:
    """Return the working directory from the top of GitHub's checkout on; empty elsewhere."""
    top = os.environ.get("GITHUB_WORKSPACE", "")
    here = Path.cwd()
    return here.relative_to(top).as_posix() if top and here.is_relative_to(top) else ""


def _reproduce(paths: Sequence[str], given: dict[str, Any]) -> Callable[[AuditFinding], str]:
    options = ["--config", str(given["config"])] if given["config"] else []

    def command(finding: AuditFinding) -> str:
        return shlex.join(["crashproof", "audit", *paths, "--rule", finding.rule, *options])

    return command


@lru_cache(maxsize=64)
def _lines(file: str) -> Sequence[str]:
    from harness.audit.code.source import decoded

    try:
        return decoded(Path(file).read_bytes())[0].split("\n")
    except OSError:
        return ()


def _terminal() -> tuple[bool, int]:
    """Return whether standard output takes colours, and how many columns it has."""
    if not sys.stdout.isatty():
        return bool(os.environ.get("FORCE_COLOR")) and not os.environ.get("NO_COLOR"), 100
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain, min(max(60, shutil.get_terminal_size((100, 24)).columns), 120)


def _texts(ids: Sequence[str] = ()) -> list[RuleText]:
    """Return what rules say, of the whole catalogue if none is named."""
    from harness.audit.configuration import CATALOGUE

    names = [each.name for each in fields(RuleText)]
    return [
        RuleText(**{name: getattr(rule, name) for name in names}) for rule in CATALOGUE if not ids or rule.id in ids
    ]


def _explain(word: str, form: str) -> int:
    from harness.audit.configuration import rules_of
    from harness.report.document import encoded, indented
    from harness.report.explain import rule_text, rules_markdown

    everything = word.strip().lower() == "all"
    rules = _texts() if everything else _texts(rules_of((word,), "--explain"))
    if form != "text":
        for rule in rules if form == "jsonl" else ():
            click.echo(encoded(rule))
        if form == "json":
            click.echo(indented(rules))
    elif everything:
        click.echo(rules_markdown(rules))
    else:
        colour, width = _terminal()
        click.echo("\n\n\n".join(rule_text(rule, colour=colour, width=width) for rule in rules), color=colour)
    return 0
