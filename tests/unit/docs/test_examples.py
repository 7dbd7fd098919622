"""The examples of every ``--help`` can be pasted: what explains one stands behind it as a comment of the shell."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from harness.cli import cli

EXPLAINED = re.compile(r"\S {2,}[^#\s]")
"""Words set apart behind a command, which the shell would hand to it."""


def every(command: click.Command, *names: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it, each with its name."""
    yield " ".join(("crashproof", *names)), command
    if isinstance(command, click.Group):
        inside = click.Context(command)
        for name in command.list_commands(inside):
            found = command.get_command(inside, name)
            assert found is not None
            yield from every(found, *names, name)


ALL = dict(every(cli))


@pytest.mark.parametrize("name", ALL)
def test_what_explains_an_example_is_a_comment(name: str) -> None:
    shown = ALL[name].get_help(click.Context(ALL[name], info_name=name))
    examples = re.split(r"^ *Examples?:", shown, flags=re.MULTILINE)[-1].partition("Options:")[0]
    assert examples not in ("", shown)
    assert [line for line in examples.splitlines() if EXPLAINED.search(line.strip())] == []
