"""The outline of a file: imports, declared and started names, or why it cannot be parsed."""

from __future__ import annotations

from pathlib import Path

from harness.audit.code.file_outline import imported, outline_of
from harness.audit.code.modules import ModuleFinder, installed_folders
from harness.audit.code.source import read
from tests.unit.audit.source_files import write

AGENTS = """
import json
from temporalio import activity, workflow
from . import tools
if True:
    from app.models import ask

@activity.defn(name="look-up")
def search(): ...

@workflow.defn
class Agent:
    @workflow.run
    async def run(self):
        from app import late
        await workflow.execute_activity("charge")
        await workflow.start_child_workflow("Child")
"""


def test_an_outline_tells_imports_and_what_is_declared_and_started_by_name(tmp_path: Path) -> None:
    outline = outline_of(read(write(tmp_path, {"app/agents.py": AGENTS}) / "app/agents.py"))
    assert outline.reason == ""
    assert set(outline.imports) == {
        (0, "json", ()),
        (0, "temporalio", ("activity", "workflow")),
        (1, "", ("tools",)),
        (0, "app.models", ("ask",)),
        (0, "app", ("late",)),
    }
    assert {"search", "look-up", "Agent"} <= set(outline.declares)
    assert outline.starts == ("Child", "charge")


def test_a_file_that_has_nothing_to_do_with_temporal_tells_its_imports_alone(tmp_path: Path) -> None:
    outline = outline_of(read(write(tmp_path, {"a.py": "import b\n@b.cached\ndef f(): ...\n"}) / "a.py"))
    assert (outline.imports, outline.declares, outline.starts) == (((0, "b", ()),), (), ())


def test_a_file_that_cannot_be_parsed_gives_the_reason(tmp_path: Path) -> None:
    assert outline_of(read(write(tmp_path, {"a.py": "def f(:\n"}) / "a.py")).reason.startswith("line 1: ")
    assert outline_of(read(tmp_path / "none.py")).reason == "not a file"


def test_imported_files_are_found_by_absolute_and_by_relative_names(tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/agents.py": AGENTS, "app/tools.py": "", "app/models/__init__.py": ""}
    agents = write(tmp_path, files) / "app/agents.py"
    paths = imported(outline_of(read(agents)), agents, ModuleFinder([agents]))
    assert {path.relative_to(tmp_path).as_posix() for path in paths} == {
        "app/__init__.py",
        "app/tools.py",
        "app/models/__init__.py",
    }


def test_what_lies_beside_a_program_is_found_by_its_bare_name_where_nothing_else_is(tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/a.py": "import b\nimport msgspec\n", "app/b.py": "", "app/msgspec.py": ""}
    program = write(tmp_path, files) / "app/a.py"
    finder = ModuleFinder([program], installed=installed_folders())
    assert finder.find("b", program) == tmp_path / "app/b.py"
    assert finder.find("msgspec", program) not in (None, tmp_path / "app/msgspec.py")
