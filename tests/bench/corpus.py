"""What the audit finds in its corpus, and beside it what temporalint reports in the same files.

The corpus was made for the audit's rules, so the comparison leans one way. What is counted leans the other way: any
report of temporalint counts for a marked line, whatever its rule, and the marks that lie within its own subjects are
told apart. A report in a right snippet is not called false: a rule may want what ours do not ask for (TPL009: no print
in workflow code). Of temporalint's subjects TPL002, TPL005, TPL006, TPL007 and TPL009 no line of the corpus is marked.

temporalint is asked twice: as it comes, and with TPL003, which is off by default and reports most activity calls of the
corpus. That makes many of its hits "in the function" hits by neighbourhood.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from tests.bench.table import Figure, equal
from tests.unit.audit.test_corpus import CORPUS, audited, files_of, found_in, marked, snippets

VERSION = "0.1.1"
"""Of temporalint; the dependency group `bench` asks for it."""

ALL_RULES = tuple(f"TPL{number:03}" for number in range(1, 11))
OFF_BY_DEFAULT = {"TPL003"}

SHARED = {"CP101", "CP102", "CP208", "CP304", "CP401", "CP403"}
"""The rules whose subject temporalint has a rule for too: TPL008 twice, TPL010, TPL004, TPL001, TPL003."""

_REPORT = re.compile(r"^.+?:(?P<line>\d+):\d+: (?P<rule>TPL\d+) ", re.MULTILINE)


class Report(NamedTuple):
    """One line of temporalint's output; the file is relative to the corpus."""

    file: str
    line: int
    rule: str


class Marked(NamedTuple):
    """One line of a bad snippet with the rules it breaks, and the lines of the code that holds it."""

    file: str
    line: int
    rules: frozenset[str]
    around: range


def measure() -> list[Figure]:
    """Judge each snippet with the audit, and each file with temporalint."""
    return [*_ours(), *_theirs()]


def _ours() -> list[Figure]:
    lines = missed = unread = elsewhere = false = 0
    for kind in ("bad", "right"):
        for snippet in snippets(kind):
            told = audited(snippet)
            found, expected = found_in(snippet, told), set(marked(snippet))
            lines += len({(mark.file, mark.line) for mark in expected})
            missed += len({(mark.file, mark.line) for mark in expected - found})
            unread += len(told.errors) + sum(1 for file in told.files if file.reason)
            elsewhere += len(found - expected) if kind == "bad" else 0
            false += len(found) if kind == "right" else 0
    about = f"audit of {len(snippets('bad'))} bad snippets"
    return [
        equal(
            f"{about}: marked lines found, with the right rules", f"{lines - missed} of {lines}", f"{lines} of {lines}"
        ),
        equal(f"{about}: findings that no mark asks for", elsewhere, 0),
        equal(f"audit of {len(snippets('right'))} right look-alikes: findings", false, 0),
        equal("audit of the corpus: files not read, rules that raised", unread, 0),
    ]


def _theirs() -> list[Figure]:
    if (installed := _installed()) != VERSION:
        return [equal("temporalint, from the dependency group bench", installed, VERSION)]
    files = [file for kind in ("bad", "right") for snippet in snippets(kind) for file in files_of(snippet)]
    judged = {file: _judged(file) for file in files}
    failed = sum(1 for reports in judged.values() if reports is None)
    every = {report for reports in judged.values() for report in reports or ()}
    as_it_comes = {report for report in every if report.rule not in OFF_BY_DEFAULT}
    return [
        *_compared(f"temporalint {VERSION}", as_it_comes),
        *_compared(f"temporalint {VERSION} with every rule", every),
        Figure(name=f"temporalint {VERSION}: files it fails on", measured=f"{failed} of {len(files)}"),
    ]


def _installed() -> str:
    try:
        return metadata.version("temporalint")
    except metadata.PackageNotFoundError:
        return "not installed"


def _judged(file: Path) -> list[Report] | None:
    """Return what temporalint, with every rule, reports in a file; None if it fails on the file."""
    script = Path(sysconfig.get_path("scripts"), "temporalint")
    command = [str(script), "--select", ",".join(ALL_RULES), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        return None
    reports = [Report(_name(file), int(match["line"]), match["rule"]) for match in _REPORT.finditer(done.stdout)]
    if len(reports) != len(done.stdout.splitlines()):
        raise SystemExit(f"cannot read what temporalint says of {file}:\n{done.stdout}")
    return reports


def _compared(title: str, reports: set[Report]) -> Iterator[Figure]:
    marks = list(_marks())
    shared = [mark for mark in marks if mark.rules & SHARED]

    def figure(what: str, met: Iterable[bool], note: str = "") -> Figure:
        answers = list(met)
        return Figure(name=f"{title}: {what}", measured=f"{sum(answers)} of {len(answers)}{note}")

    places = {(report.file, report.line) for report in reports}

    def on_line(mark: Marked) -> bool:
        return (mark.file, mark.line) in places

    def around(mark: Marked) -> bool:
        return any((mark.file, line) in places for line in mark.around)

    yield figure("marked lines with any report on the line", map(on_line, marks))
    yield figure("marked lines with any report in the function", map(around, marks))
    yield figure("marked lines of its own subjects, on the line", map(on_line, shared))
    yield figure("marked lines of its own subjects, in the function", map(around, shared))
    yield figure("bad snippets with any report", _reported_in("bad", reports))
    right = Counter(report.rule for report in reports if report.file.startswith("right/"))
    note = ", ".join(f"{rule} {count}x" for rule, count in sorted(right.items()))
    yield figure("right look-alikes with any report", _reported_in("right", reports), f" ({note})" if note else "")


def _reported_in(kind: str, reports: set[Report]) -> list[bool]:
    files = {report.file for report in reports}
    return [any(_name(file) in files for file in files_of(snippet)) for snippet in snippets(kind)]


def _marks() -> Iterator[Marked]:
    for snippet in snippets("bad"):
        rules: dict[tuple[str, int], set[str]] = {}
        for mark in marked(snippet):
            rules.setdefault((mark.file, mark.line), set()).add(mark.rule)
        holding = {file: _holding(file) for file in files_of(snippet)}
        for (name, line), broken in rules.items():
            file = snippet.parent / name
            yield Marked(_name(file), line, frozenset(broken), holding[file](line))


def _holding(file: Path) -> Callable[[int], range]:
    """Return what tells the lines around a line: of its outermost function or method, else of its statement."""
    spans = list(_spans(ast.parse(file.read_text()).body))
    return lambda line: next((span for span in spans if line in span), range(line, line + 1))


def _spans(statements: list[ast.stmt]) -> Iterator[range]:
    for statement in statements:
        inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
        if inner and not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _spans(inner)
        first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
        yield range(first, (statement.end_lineno or statement.lineno) + 1)


def _name(file: Path) -> str:
    return file.relative_to(CORPUS).as_posix()
