"""Every block of code of the README and of the pages is tried: parsed by the real commands, run, or compared.

Console blocks are parsed by the commands themselves, scenarios are made of what they say, and those that need no server
are run. The Python of a page is run from the top down, as it would stand in a file; the few lines that ``rules.md``
shows for each rule are compiled, and what they name of Temporal and the standard library is there. What a page shows of
an output names commands that are parsed, too. The diffs of ``extending.md`` are applied by
``tests/rig/docs/test_extending.py``.
"""

from __future__ import annotations

import ast
import builtins
import dis
import importlib
import itertools
import re
import shlex
import sys
import textwrap
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from harness.app.declared_scenarios import declaration
from harness.cli import ad_hoc, cli
from harness.cli.run import fault_words
from harness.records.prices import load_prices
from harness.records.scenario import Scenario
from tests import ROOT
from tests.unit.docs.pages import ALL, PAGES, Block, blocks, spans

LANGUAGES = {"sh", "text", "python", "toml", "diff", "yaml", "json"}

RUN_HERE = {"audit", "checks", "explain", "faults", "schema"}
"""Commands that need no server and little time."""

PROJECT = {
    "worker.py": "import asyncio\n",
    "start.py": "",
    "script.py": "def answer(request):\n    return 'an answer'\n",
    "payments.py": "def answer(effect):\n    return {}\n",
    "others.py": "def answer(effect):\n    return {}\n",
    "app/__init__.py": "",
    "app/worker.py": "",
    "app/workflows.py": "from temporalio import workflow\n\n\n@workflow.defn\nclass MyAgent:\n"
    "    @workflow.run\n    async def run(self, query: str) -> str:\n        return query\n",
    "crashproof.toml": "",
    ".crashproof/explorations/latest/347acf/plan.json": "{}",
}
"""The project that pages speak of."""


@pytest.fixture
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    (tmp_path / "histories").symlink_to(ROOT / "tests" / "histories")
    (tmp_path / ".crashproof/runs/latest").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the command lines of a console block, as words."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="&|;<>")
        words.whitespace_split = True
        found: list[str] = []
        for word in words:
            if set(word) <= set("&|;"):
                yield found
                found = []
            else:
                found.append(word)
        yield found


def of(*languages: str) -> Any:
    return pytest.mark.parametrize("block", [each for each in ALL if each.language in languages], ids=str)


def test_every_block_says_its_language() -> None:
    assert [str(block) for block in ALL if block.language not in LANGUAGES] == []


def parsed(words: list[str]) -> click.Context:
    """Parse a command line of crashproof as the command does."""
    command: click.Command = cli
    context = click.Context(cli, info_name="crashproof")
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name, parent=context)
        else:
            context = command.make_context(name, list(words), parent=context)
    return context


@of("sh")
@pytest.mark.usefixtures("_in_a_project")
def test_console_blocks_are_what_the_commands_take(block: Block) -> None:
    for line in filter(None, commands(block.text)):
        words = line[sum(1 for _ in itertools.takewhile(is_assignment, line)) :]
        match words:
            case ["crashproof", *rest]:
                try_command(rest)
            case ["nox", "-s", *sessions]:
                assert set(sessions) <= {*nox_sessions(), *re.findall(r"^def (\w+)\(session", template(), re.M)}
            case ["pip", "install", *what]:
                assert extras_of(what) <= extras()
            case _:
                assert words[0] in ("python", ".", "cat", "git", "temporal", "pytest", "curl"), words


def is_assignment(word: str) -> bool:
    """Tell whether a word of a command line sets a variable: ``OPENAI_BASE_URL=...``."""
    return re.match(r"[A-Z_]+=", word) is not None


def try_command(words: list[str]) -> None:
    redirect = words.index(">") if ">" in words else len(words)
    words = words[:redirect]
    if words == ["--help"]:
        return
    context = parsed(words)
    given = context.params
    described = context.info_name in ("run", "explore") and "worker" in given
    if described and not (given.get("resume") or given.get("plan")):
        fault_words(given.get("faults_wanted", ()))
        if given["targets"] != ("worker.py",):  # read from its code, which a page does not show
            assert ad_hoc.declared_work(given["targets"], dict(given))
    if context.info_name in RUN_HERE and "--with-evidence" not in words:
        done = CliRunner().invoke(cli, words, standalone_mode=False)
        assert done.exception is None, (words, done.exception)


def nox_sessions() -> set[str]:
    return set(re.findall(r"^@nox\.session[^\n]*\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.M))


def template() -> str:
    return (ROOT / "harness/templates/noxfile.py.j2").read_text()


def extras() -> set[str]:
    return set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def extras_of(words: list[str]) -> set[str]:
    return {extra for word in words for inner in re.findall(r"\[([\w,-]+)\]", word) for extra in inner.split(",")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_and_options_that_stand_in_the_text_exist(page: Path) -> None:
    known = {name: options_of(command) for name, command in every_command()}
    every_option = {option for options in known.values() for option in options}
    for span in spans(page):
        words = span.split()
        if words[:1] == ["crashproof"] and len(words) > 1:
            for name in re.split(r"\\?\|", words[1]):
                assert name in known or name.startswith(("-", "…")), span
                taken = known.get(name, every_option)
                assert {word.partition("=")[0] for word in words if word.startswith("--")} <= taken, span
        elif span.startswith("--") and page.stem != "rules":
            assert words[0].partition("=")[0] in every_option | ELSEWHERE, span


ELSEWHERE = {"--"}
"""What pages name that is no option of crashproof: here the sign behind which options of a run stand."""


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command


def options_of(command: click.Command) -> set[str]:
    """Return the options of a command and of those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    own = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    return own.union({"--help", "-h"}, *(options_of(each) for each in below))


@of("text")
@pytest.mark.usefixtures("_in_a_project")
def test_commands_that_an_output_ends_with_are_taken(block: Block) -> None:
    for line in re.findall(r"Reproduce with:\s+crashproof (.*)", block.text):
        assert parsed(shlex.split(line)).info_name in ("reproduce", "replay")


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "rules"], ids=lambda page: page.stem)
@pytest.mark.usefixtures("_in_a_project")
def test_the_python_of_a_page_runs_from_the_top_down(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("on_the_page")
    module.__file__ = str(Path("on_the_page.py").absolute())
    monkeypatch.setitem(sys.modules, "on_the_page", module)
    scope = vars(module)
    for block in blocks(page):
        if block.language == "python":
            code = compile("\n" * block.line + block.text, str(page), "exec")
            exec(code, scope)
            assert [name for name in names_in(code) if name not in scope and not hasattr(builtins, name)] == []
    for name, value in list(scope.items()):
        if isinstance(value, Scenario):
            assert declaration(value)
        if name.startswith("test_"):
            assert set(value.__code__.co_varnames[: value.__code__.co_argcount]) <= fixtures()


def test_what_a_rule_shows_is_python_and_names_what_there_is() -> None:
    named = [
        (block, node.value.id, node.attr)
        for block in ALL
        if block.page.stem == "rules"
        for node in ast.walk(part(block.text.replace("…", "**options")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in SHOWN
    ]
    assert named
    modules = {name: importlib.import_module(module) for name, module in SHOWN.items()}
    assert [f"{block}: {name}.{attr}" for block, name, attr in named if not hasattr(modules[name], attr)] == []


def part(text: str) -> ast.AST:
    """Return lines as the tree of what they are a part of: statements, the options of a call, the ends of a try."""
    for whole in ("async def shown():\n{}", "shown(\n{})", "async def shown():\n    try:\n        pass\n{}"):
        try:
            return ast.parse(whole.format(textwrap.indent(text, "    ")))
        except SyntaxError as error:
            wrong = error
    raise wrong


SHOWN = {
    **{name: f"temporalio.{name}" for name in ("workflow", "activity")},
    **{name: name for name in ("asyncio", "json", "openai", "os", "random", "time", "uuid")},
}
"""Names that stand for modules in the lines of a rule."""


def names_in(code: types.CodeType) -> Iterator[str]:
    """Yield the global names that code reads, that of its functions too."""
    yield from (each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)


def fixtures() -> set[str]:
    """Return the fixtures of the pytest plugin."""
    text = (ROOT / "harness/pytest_plugin.py").read_text()
    return set(re.findall(r"^(?:async )?def (crashproof_\w+)\(", text, re.M))


@of("toml")
def test_settings_are_read_by_what_reads_them(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(block.text)
    read = tomllib.loads(block.text)
    if "prices" in read.get("tool", {}).get("crashproof", {}):
        assert load_prices(file)
    else:
        assert set(read["project"]["entry-points"])  # compared in test_extending.py
