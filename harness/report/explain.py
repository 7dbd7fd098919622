"""What a rule of the audit says: as text for a terminal, and as Markdown for pages and for SARIF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.records.audit_result import RuleText, Severity
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

_SEVERITIES = {
    Severity.CERTAIN: "it breaks",
    Severity.LIKELY: "it will probably break",
    Severity.LOOK: "someone should look at it",
}


def rule_text(rule: RuleText, *, colour: bool = False, width: int = 100) -> str:
    """Return what a rule says, ready for a terminal."""
    paint = Paint(colour)
    parts = [f"{paint(rule.id, 'bold')} {rule.name} ({rule.severity})", "", *wrapped(rule.title, width)]
    for title, text in (("Why", rule.why), ("Evidence", rule.evidence), ("Fix", rule.fix)):
        parts += ["", paint(title, "bold"), *wrapped(text, width, indent="  ")]
    parts += ["", paint("Wrong", "bold", "red"), *_code(rule.bad)]
    parts += ["", paint("Right", "bold", "green"), *_code(rule.right)]
    ignoring = [f"{what}:\n    {how}" for what, how in _ignoring(rule)]
    return "\n".join([*parts, "", paint("To ignore it", "bold"), *(f"  {each}" for each in ignoring)])


def rule_markdown(rule: RuleText, *, level: int = 2) -> str:
    """Return what a rule says, as Markdown.

    Args:
        rule: The rule.
        level: Of its heading.
    """
    mark = "#" * level
    parts = [
        f"{mark} {rule.id} {rule.name}",
        f"**{rule.title.rstrip('.')}.** Severity: {rule.severity} ({_SEVERITIES[rule.severity]}).",
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
        f"| [{rule.id}](#{_anchor(rule)}) | {rule.name} | {rule.severity} | {_cell(rule.title)} |" for rule in known
    ]
    parts = [
        "# Rules of crashproof audit",
        "Severities: " + ", ".join(f"*{severity}*: {words}" for severity, words in _SEVERITIES.items()) + ".",
        "\n".join(["| rule | name | severity | what it wants |", "|---|---|---|---|", *rows]),
    ]
    for family in sorted({rule.id[:3] for rule in known}):
        parts.append(f"## {_FAMILIES.get(family, family)}")
        parts += [rule_markdown(rule, level=3) for rule in known if rule.id.startswith(family)]
    return "\n\n".join(parts)


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
