"""Parts of the audited files: what belongs together, and what has nothing to do with each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.audit.code.file_outline import outline_of
from harness.audit.code.modules import ModuleFinder
from harness.audit.code.partition import DisjointSets, parts_of
from harness.audit.code.source import collect
from tests.unit.audit.source_files import agent, write

ACTIVITY = "from temporalio import activity\n@activity.defn\ndef fetch(): ...\n"
STARTS = agent("await workflow.execute_activity('fetch', start_to_close_timeout=timedelta(seconds=1))")


def parts(folder: Path, files: Mapping[str, str], *asked: str) -> list[list[str]]:
    write(folder, files)
    sources = {source.path: source for source in collect([folder / name for name in asked or ["."]])}
    outlines = {path: outline_of(source) for path, source in sources.items()}
    return [[source.path.name for source in part] for part in parts_of(sources, outlines, ModuleFinder(sources))]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.py": agent("return 'a'"), "b.py": agent("return 'b'")}, [["a.py"], ["b.py"]]),
        ({"a.py": agent("return b.Agent", top="import b"), "b.py": agent("return 'b'")}, [["a.py", "b.py"]]),
        ({"a.py": STARTS, "b.py": ACTIVITY}, [["a.py", "b.py"]]),
        ({"a.py": agent("return 'a'"), "plain.py": "def f(): ...\n"}, [["a.py"]]),
        ({"a.py": agent("return 'a'"), "bad.py": "from temporalio import (\n"}, [["a.py"]]),
        (
            {
                "a.py": agent("return t.x", top="import t"),
                "b.py": agent("return t.x", top="import t"),
                "t.py": "x = 1\n",
            },
            [["a.py", "t.py"], ["b.py", "t.py"]],
        ),
    ],
    ids=["apart", "imported", "started by name", "without Temporal", "not parsed", "sharing a plain file"],
)
def test_files_are_divided_into_parts(tmp_path: Path, files: dict[str, str], expected: list[list[str]]) -> None:
    assert parts(tmp_path, files) == expected


def test_a_file_that_was_not_asked_for_belongs_to_the_part_that_imports_it(tmp_path: Path) -> None:
    files = {"a.py": agent("return tools.x", top="import tools"), "tools.py": "x = 1\n"}
    assert parts(tmp_path, files, "a.py") == [["a.py", "tools.py"]]


def test_sets_that_are_joined_are_one() -> None:
    sets = DisjointSets()
    for one, other in ((1, 2), (3, 4), (2, 3)):
        sets.join(one, other)
    assert sets.group(1) == sets.group(4) != sets.group(5)
