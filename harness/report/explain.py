"""What a rule, a check or a fault says of itself: as text for a terminal, and as Markdown for pages and for SARIF."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.faults import Fault
from harness.faults.sources import source_of
from harness.records.audit_result import Certainty, RuleText
from harness.records.verdict import Severity
from harness.report.text import Paint, wrapped

_FAMILIES = {
    "CP1": "What differs between replays",
    "CP2": "State, signals, queries and errors of workflows",
    "CP3": "Activities",
    "CP4": "Timeouts and retry policies",
    "CP5": "Workers and the sandbox",
    "CP6": "Payloads and loops",
    "CP7": "Recorded histories",
}

_CERTAINTIES = {
    Certainty.CERTAIN: "it breaks",
    Certainty.LIKELY: "it will probably break",
    Certainty.LOOK: "someone should look at it",
}

_FINAL = "No attempt outlasts it: the work must end in a prompt, rightly classified failure, or a declared fallback."
_HOLDS = {
    "no answer": "It must be survived: the work ends as if nothing had happened.",
    "the answer": "It must be survived: the work ends as if nothing had happened.",
    "another answer": "The work may end otherwise than undisturbed: with another result, or in a failure of its own.",
}


class CheckText(Protocol):
    """What a check says of itself; ``harness.checks.check.Check`` says what each means."""

    @property
    def name(self) -> str:
        """Name of the check."""
        ...

    @property
    def severity(self) -> Severity:
        """How bad its findings are."""
        ...

    @property
    def why(self) -> str:
        """Why the property matters."""
        ...

    @property
    def fix(self) -> str:
        """How an agent is mended that breaks it."""
        ...

    @property
    def property(self) -> str:
        """The sentence that must hold."""
        ...


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What can be explained by its name, beside rules, faults and the checks of trials.

    Attributes:
        name: Its name.
        kind: What it is, and of which command.
        sentence: What it promises.
        sections: What else is to be said, by heading.
    """

    name: str
    kind: str
    sentence: str
    sections: Mapping[str, str] = field(default_factory=dict)


def explained_text(what: Explained, *, colour: bool = False, width: int = 100) -> str:
    """Return what is said of it, ready for a terminal."""
    paint = Paint(colour)
    head = [f"{paint(what.name, 'bold')} ({what.kind})", "", *wrapped(what.sentence, width)]
    return "\n".join([*head, *_sections(what.sections, paint, width)])


def rule_text(rule: RuleText, *, colour: bool = False, width: int = 100) -> str:
    """Return what a rule says, ready for a terminal."""
    paint = Paint(colour)
    parts = [
        f"{paint(rule.id, 'bold')} {rule.name} ({rule.certainty}; {rule.severity})",
        "",
        *wrapped(rule.title, width),
    ]
    parts += _sections({"Why": rule.why, "Evidence": rule.evidence, "Fix": rule.fix}, paint, width)
    parts += ["", paint("Wrong", "bold", "red"), *_code(rule.bad)]
    parts += ["", paint("Right", "bold", "green"), *_code(rule.right)]
    ignoring = [f"{what}:\n    {how}" for what, how in _ignoring(rule)]
    return "\n".join([*parts, "", paint("To ignore it", "bold"), *(f"  {each}" for each in ignoring)])


def check_text(check: CheckText, *, colour: bool = False, width: int = 100) -> str:
    """Return what a check says, ready for a terminal."""
    paint = Paint(colour)
    parts = [f"{paint(check.name, 'bold')} ({check.severity})", "", *wrapped(check.property, width)]
    parts += _sections({"Why": check.why, "Fix": check.fix}, paint, width)
    return "\n".join([*parts, "", paint("To leave it out", "bold"), f"  crashproof run … --skip-check {check.name}"])


def check_markdown(check: CheckText) -> str:
    """Return what a check says, as a section of a Markdown page."""
    return "\n\n".join(
        [
            f"## {check.name}",
            f"**{check.property.rstrip('.')}.** A finding of it is {check.severity}, where it does not say otherwise.",
            f"**Why.** {check.why}",
            f"**Fix.** {check.fix}",
        ]
    )


def checks_markdown(checks: Iterable[CheckText]) -> str:
    """Return the page of all checks, as Markdown, in the order in which verdicts show them."""
    known = list(checks)
    rows = [f"| [{check.name}](#{check.name}) | {check.severity} | {_cell(check.property)} |" for check in known]
    return "\n\n".join(
        [
            "# Checks of crashproof run",
            "Each is a property of a trial, judged from its evidence alone. *Broken*: work was lost, done twice, done "
            "wrong, or is stuck. *Risky*: it held, and is declared so that it will break. *Wasteful*: it works and "
            "costs too much. `crashproof explain NAME` shows one.",
            "\n".join(["| check | a finding is | property |", "|---|---|---|", *rows]),
            *map(check_markdown, known),
        ]
    )


def fault_lines(fault: Fault, width: int) -> Iterator[str]:
    """Yield what a fault says: its name, what happens, what a right agent does, and where it is made."""
    yield f"  {fault.name}"
    source = source_of(fault.name)
    holds = _FINAL if fault.terminal else _HOLDS[fault.heard]
    for sentence in (fault.what, fault.right, holds, *([f"Source: {source}."] if source else [])):
        yield from textwrap.wrap(sentence, width, initial_indent="    ", subsequent_indent="      ")
    yield f"    Made at {_place(fault)}."


def rule_markdown(rule: RuleText, *, level: int = 2) -> str:
    """Return what a rule says, as Markdown.

    Args:
        rule: The rule.
        level: Of its heading.
    """
    mark = "#" * level
    parts = [
        f"{mark} {rule.id} {rule.name}",
        f"**{rule.title.rstrip('.')}.** Certainty: {rule.certainty} ({_CERTAINTIES[rule.certainty]}). "
        f"Severity: {rule.severity}.",
        rule.why,
        f"**Evidence.** {rule.evidence}",
        f"**Fix.** {rule.fix}",
        f"Wrong:\n\n{_fenced(rule.bad)}",
        f"Right:\n\n{_fenced(rule.right)}",
        "To ignore it:\n\n" + "\n".join(f"- {what}: `{how}`" for what, how in _ignoring(rule)),
    ]
    return "\n\n".join(parts)


def rules_markdown(rules: Iterable[RuleText]) -> str:
    """Return the page of all rules, as Markdown: a table, then each rule by family."""
    known = sorted(rules, key=lambda rule: rule.id)
    rows = [
        f"| [{rule.id}](#{_anchor(rule)}) | {rule.name} | {rule.certainty} | {rule.severity} | {_cell(rule.title)} |"
        for rule in known
    ]
    parts = [
        "# Rules of crashproof audit",
        "Certainties: " + ", ".join(f"*{certainty}*: {words}" for certainty, words in _CERTAINTIES.items()) + ".",
        "\n".join(["| rule | name | certainty | severity | what it wants |", "|---|---|---|---|---|", *rows]),
    ]
    for family in sorted({rule.id[:3] for rule in known}):
        parts.append(f"## {_FAMILIES.get(family, family)}")
        parts += [rule_markdown(rule, level=3) for rule in known if rule.id.startswith(family)]
    return "\n\n".join(parts)


def _place(fault: Fault) -> str:
    if fault.every == "cut":
        return "every cut: before each message, and after the last"
    doors = " and ".join(fault.operations or fault.doors)
    which = "every" if fault.every == "message" else "the first"
    where = f"{which} {doors} message, {' and '.join(fault.positions)} its execution"
    tools = ", where it offers tools to the model" if fault.needs_tools else ""
    how_often = {"message": "", "activity": ", once for each type of activity", "once": ", once in all"}[fault.every]
    return f"{where}{how_often}{tools}"


def _sections(texts: Mapping[str, str], paint: Paint, width: int) -> list[str]:
    return [
        line for title, text in texts.items() for line in ("", paint(title, "bold"), *wrapped(text, width, indent="  "))
    ]


def _ignoring(rule: RuleText) -> Sequence[tuple[str, str]]:
    return (
        ("in one line, behind it or above it", f"# crashproof: ignore[{rule.id}] the reason"),
        ("in one file", f"# crashproof: ignore-file[{rule.id}] the reason"),
        ("everywhere, in [tool.crashproof.audit] of pyproject.toml", f'skip = ["{rule.id}"]'),
    )


def _code(code: str) -> list[str]:
    return [f"    {line}".rstrip() for line in code.strip("\n").split("\n")]


def _fenced(code: str) -> str:
    fence = "```" if "```" not in code else "````"
    return f"{fence}python\n{code.strip(chr(10))}\n{fence}"


def _anchor(rule: RuleText) -> str:
    return f"{rule.id} {rule.name}".lower().replace(" ", "-")


def _cell(text: str) -> str:
    return text.rstrip(".").replace("|", "\\|")
