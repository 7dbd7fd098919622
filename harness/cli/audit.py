"""``crashproof audit``: read workflow and activity code, never run it, and tell what breaks durability."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.interrupting import terminable
from harness.cli.output import FORMAT, say, terminal
from harness.cli.progress import ProgressDisplay, Throttle
from harness.errors import UsageError
from harness.records.audit_result import AuditFinding, AuditResult, Certainty, RuleText
from harness.records.run_record import versions
from harness.records.sweep_result import News
from harness.report.files import shown_path
from harness.report.phrases import number

if TYPE_CHECKING:
    from harness.app.audit import WrittenBaseline

_WORDS = [certainty.word for certainty in Certainty]

_EPILOG = """\b
PATHS are Python files and folders. Nothing in them is imported or run, and
neither a server nor the packages they import need to be there. Recorded
histories and folders of them are audited by what they show.
\b
Certainties: certain (it breaks), likely (it will probably break), look (someone
should look at it). A finding is ignored by a comment that gives the reason:
  for tool in tools:  # crashproof: ignore[CP106] one element at most
  # crashproof: ignore-file[CP301] this file is generated
Configuration: [tool.crashproof.audit] in pyproject.toml, or [audit] in
crashproof.toml, with rules, skip, certainty, fail_on, exclude, passed_through
and baseline.
\b
Examples:
  crashproof audit app/
  crashproof audit app/ --rule CP1 --certainty certain
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
@click.option(
    "--certainty",
    "--severity",
    "certainty",
    type=click.Choice(_WORDS),
    help="Tell and count only findings at least so sure.",
)
@click.option(
    "--fail-on", type=click.Choice(_WORDS), help="Certainty from which on a finding is exit status 1. [default: likely]"
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
@click.option(
    "--no-cache", is_flag=True, help="Remember nothing, and ask nothing that is remembered in your cache of crashproof."
)
@FORMAT
def audit(paths: tuple[str, ...], form: str, **given: Any) -> int:
    """Read workflow and activity code, never run it, and tell what breaks durability, and how it is reached."""
    if given["explain"]:
        return _explain(given["explain"], form)
    if not paths:
        raise UsageError("say what to audit: crashproof audit app/ (or `--explain RULE` to read about one)")
    from harness.app.audit import AuditOrder, write_baseline
    from harness.app.audit import audit as audit_all

    same = ("rules", "skip", "fail_on", "certainty", "baseline", "config", "with_evidence")
    order = AuditOrder(
        paths=paths,
        jobs=given["jobs"] or 0,
        remember=not given["no_cache"],
        **{name: given[name] for name in same},
    )
    with ProgressDisplay() as display, terminable():
        tell = Throttle(display, plain=_far)
        result = write_baseline(order, tell=tell) if given["write_baseline"] else audit_all(order, tell=tell)
    if isinstance(result, AuditResult):
        _print(result, form=given["report"] or form, paths=paths, given=given)
        return result.outcome.exit_status
    _say_written(result)
    return 0


def _far(news: News) -> str:
    return f"{news.done} of {news.total} parts audited" if news.done < news.total else ""


def _say_written(written: WrittenBaseline) -> None:
    line = f"{number(written.findings, 'finding is', 'findings are')} in {shown_path(written.file)}: "
    line += (
        "review it, and give a reason where it may stay" if written.findings == 1 else "review them, and give reasons"
    )
    if not written.configured:
        line += f"; --baseline {written.file}, or baseline in the configuration, uses it"
    say(line)


def _print(result: AuditResult, *, form: str, paths: Sequence[str], given: dict[str, Any]) -> None:
    from harness.app.audit import rule_texts
    from harness.cli.github import in_workspace
    from harness.report.audit.source import audit_report
    from harness.report.document import document, encoded, indented, rows
    from harness.report.github import github
    from harness.report.junit import junit
    from harness.report.sarif import sarif

    rules = rule_texts()
    report = audit_report(result, rules=rules, reproduce=_reproduce(paths, given))
    if form == "text":
        _print_text(result, rules, unresolved=given["unresolved"])
    elif form == "github":
        click.echo(github(report, folder=in_workspace()))
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


def _print_text(result: AuditResult, rules: Sequence[RuleText], *, unresolved: bool) -> None:
    from harness.app.audit import source_lines
    from harness.report.audit.text import audit_text

    colour, width = terminal()
    text = audit_text(
        result,
        rules=rules,
        lines=lru_cache(maxsize=64)(source_lines),
        colour=colour,
        width=width,
        unresolved=unresolved,
    )
    click.echo(text, color=colour)


def _reproduce(paths: Sequence[str], given: dict[str, Any]) -> Callable[[AuditFinding], str]:
    options = ["--config", str(given["config"])] if given["config"] else []

    def command(finding: AuditFinding) -> str:
        return shlex.join(["crashproof", "audit", *paths, "--rule", finding.rule, *options])

    return command


def _explain(word: str, form: str) -> int:
    from harness.app.audit import rule_texts
    from harness.report.document import encoded, indented
    from harness.report.explain import rule_text, rules_markdown

    everything = word.strip().lower() == "all"
    rules = rule_texts("" if everything else word)
    if form != "text":
        for rule in rules if form == "jsonl" else ():
            click.echo(encoded(rule))
        if form == "json":
            click.echo(indented(rules))
    elif everything:
        click.echo(rules_markdown(rules))
    else:
        colour, width = terminal()
        click.echo("\n\n\n".join(rule_text(rule, colour=colour, width=width) for rule in rules), color=colour)
    return 0
