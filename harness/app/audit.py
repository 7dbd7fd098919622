"""The audit of workflow and activity code, and of recorded histories: nothing of them is imported or run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from harness.app.audit_reading import AuditRequest, read
from harness.app.progress import Tell
from harness.audit import baseline, configuration
from harness.audit.code.source import decoded
from harness.audit.configuration import CATALOGUE, Configuration
from harness.audit.confirm import with_evidence
from harness.audit.ignores import heed
from harness.audit.rules import Rule
from harness.errors import UsageError
from harness.records.audit_result import AuditResult, Certainty, RuleText
from harness.records.sweep_result import News


@dataclass(frozen=True, kw_only=True)
class AuditOrder:
    """What to audit, and what of the configuration is otherwise this time.

    Attributes:
        paths: Python files, folders, recorded histories, and folders of them.
        rules: Ask these rules only: ids, names, or the beginning of an id for a family.
        skip: Ask all but these rules.
        fail_on: Word of the certainty from which on a finding fails the audit; None as configured.
        certainty: Word of the least certainty of findings that are told and counted; None for any.
        baseline: File of known findings; None as configured.
        config: File of the configuration; None for the nearest that has one.
        with_evidence: Folder or id of a run, or ``latest``, that confirms findings and shows what none tells.
        jobs: How many processes may work; 0 for one on each processor.
        remember: Whether results are remembered for the next audit, and those of the last ones asked for.
    """

    paths: Sequence[str]
    rules: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: str | None = None
    certainty: str | None = None
    baseline: Path | None = None
    config: Path | None = None
    with_evidence: str | None = None
    jobs: int = 0
    remember: bool = False


@dataclass(frozen=True, kw_only=True)
class WrittenBaseline:
    """A file of known findings that was written.

    Attributes:
        file: The file.
        findings: How many findings it holds.
        configured: Whether it is one that audits use from now on.
    """

    file: Path
    findings: int
    configured: bool


def audit(order: AuditOrder, *, tell: Tell) -> AuditResult:
    """Audit code and histories: ask the rules, heed comments, leave out what is known, add what a run confirms.

    Args:
        order: What to audit.
        tell: Called with how many parts are done, and how many there are.

    Raises:
        UsageError: A path names nothing, or the configuration or a file of known findings is wrong.
    """
    configured = _configured(order)
    asked = _asked(configured)
    result = _without_known(_read(order, configured, asked, tell), configured, asked)
    if order.with_evidence:
        result = with_evidence(result, order.with_evidence, cwd=Path.cwd())
    return _sure_enough(result, order.certainty)


def write_baseline(order: AuditOrder, *, tell: Tell) -> WrittenBaseline:
    """Audit code and histories and write all findings into the file of known ones.

    Args:
        order: What to audit.
        tell: As for ``audit``.

    Raises:
        UsageError: As for ``audit``, or the file cannot be written.
    """
    configured = _configured(order)
    asked = _asked(configured)
    result = _read(order, configured, asked, tell)
    file = configured.baseline or baseline.FILE
    before = baseline.load(file) if file.exists() else ()
    kept = baseline.out_of_sight(before, result, folder=file.parent, asked=[rule.id for rule in asked])
    new = baseline.known_of(result.findings, folder=file.parent, before=before)
    known = {each.fingerprint: each for each in (*kept, *new)}
    baseline.save(file, known.values())
    return WrittenBaseline(file=file, findings=len(known), configured=configured.baseline is not None)


def rule_texts(word: str = "") -> list[RuleText]:
    """Return what rules say of themselves: those that a word names by id, name or family; without one, all.

    Raises:
        UsageError: It names none.
    """
    ids = configuration.rules_of((word,), "--explain") if word else [rule.id for rule in CATALOGUE]
    names = [each.name for each in fields(RuleText)]
    return [RuleText(**{name: getattr(rule, name) for name in names}) for rule in CATALOGUE if rule.id in ids]


def source_lines(file: str) -> Sequence[str]:
    """Return the lines of a Python file as the audit reads it; none where it cannot be read."""
    try:
        return decoded(Path(file).read_bytes())[0].split("\n")
    except OSError:
        return ()


def _configured(order: AuditOrder) -> Configuration:
    """Return the configuration, with what is otherwise this time."""
    known = configuration.load(order.config) if order.config else configuration.find(Path.cwd())
    if order.rules:
        known = replace(known, rules=configuration.rules_of(order.rules, "--rule"), skip=())
    if order.skip:
        skipped = configuration.rules_of(order.skip, "--skip-rule")
        known = replace(known, skip=skipped if order.rules else (*known.skip, *skipped))
    if order.fail_on:
        known = replace(known, fail_on=configuration.certainty_of(order.fail_on, "--fail-on"))
    return replace(known, baseline=order.baseline) if order.baseline else known


def _asked(configured: Configuration) -> list[Rule]:
    chosen = configured.rules or [rule.id for rule in CATALOGUE]
    asked = [rule for rule in CATALOGUE if rule.id in chosen and rule.id not in configured.skip]
    if not asked:
        raise UsageError("no rule is left to ask: all that are chosen are skipped")
    return asked


def _read(order: AuditOrder, configured: Configuration, asked: Sequence[Rule], tell: Tell) -> AuditResult:
    """Return what the rules find, with certainties as configured, and without what comments ignore."""
    request = AuditRequest(
        paths=order.paths, configured=configured, asked=asked, jobs=order.jobs, remember=order.remember
    )
    result = read(request, lambda done, total: tell(News(scenario="audit", done=done, total=total)))
    findings = tuple(
        replace(each, certainty=configured.certainty.get(each.rule, each.certainty)) for each in result.findings
    )
    result = replace(result, findings=findings, fail_on=configured.fail_on)
    names = {key.lower(): rule.id for rule in CATALOGUE for key in (rule.id, rule.name)}
    return heed(result, rules=names, asked=[rule.id for rule in asked])


def _without_known(result: AuditResult, configured: Configuration, asked: Sequence[Rule]) -> AuditResult:
    if configured.baseline is None:
        return result
    file = configured.baseline
    return baseline.applied(result, baseline.load(file), folder=file.parent, asked=[rule.id for rule in asked])


def _sure_enough(result: AuditResult, word: str | None) -> AuditResult:
    """Return the audit without the findings that are less sure than what was asked for."""
    least = next((certainty.rank for certainty in Certainty if certainty.word == word), 0)
    kept = tuple(each for each in result.findings if each.certainty.rank >= least)
    return replace(result, findings=kept, below=len(result.findings) - len(kept))
