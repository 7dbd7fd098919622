"""``crashproof explain``: what a check, a rule, a fault, a point or a property is about, by its name."""

from __future__ import annotations

import click

from harness import faults
from harness.app.audit import rule_texts
from harness.checks.catalogue import standard
from harness.cli.output import say, terminal
from harness.errors import UsageError, several_nearest
from harness.report.explain import (
    check_text,
    checks_markdown,
    explained_text,
    fault_lines,
    rule_text,
    rules_markdown,
)

_EPILOG = """\b
Examples:
  crashproof explain effects-happen-once
  crashproof explain CP106
  crashproof explain O1    # a point of the checklist
  crashproof explain model-429
  crashproof explain checks > checks.md    # all of them as a page; `rules` likewise
"""


@click.command(epilog=_EPILOG)
@click.argument("name", metavar="CHECK|RULE|FAULT|POINT|checks|rules")
def explain(name: str) -> int:
    """Say what something is about that crashproof names: why it matters, and what is right.

    It knows checks, rules of the audit, faults, points of the checklist, and properties of explorations.
    """
    from harness.app.explaining import explained  # it takes its time, and --help does not need it

    word = name.strip()
    colour, width = terminal()
    if word == "checks":
        click.echo(checks_markdown(standard()))
        return 0
    if word == "rules":
        click.echo(rules_markdown(rule_texts()))
        return 0
    for check in standard():
        if check.name == word:
            click.echo(check_text(check, colour=colour, width=width), color=colour)
            return 0
    for rule in rule_texts():
        if word.lower() in (rule.id.lower(), rule.name):
            click.echo(rule_text(rule, colour=colour, width=width), color=colour)
            return 0
    listed = {fault.name: fault for fault in faults.listed()}
    if word in listed:
        say("\n".join(fault_lines(listed[word], width)))
        return 0
    others = {each.name: each for each in explained()}
    if named := others.get(word) or others.get(word.upper()):
        click.echo(explained_text(named, colour=colour, width=width), color=colour)
        return 0
    names = [key for rule in rule_texts() for key in (rule.id, rule.name)]
    near = several_nearest(word, [*(check.name for check in standard()), *listed, *names, *others])
    raise UsageError(f"no check, rule or fault is called {word!r}{near}")
