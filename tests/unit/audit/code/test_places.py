"""Where a node stands, as a report shows it."""

from __future__ import annotations

from pathlib import Path

from astroid import nodes

from harness.audit.code.modules import ModuleFinder, Modules
from harness.audit.code.places import function_of, place_of
from harness.audit.code.source import collect
from tests.unit.audit.source_files import write

CODE = """
class Agent:
    async def run(self):
        return "zwölf", answer()
"""


def test_a_place_counts_characters_and_names_the_function_and_the_end(tmp_path: Path) -> None:
    sources = collect([write(tmp_path, {"a.py": CODE})])
    modules = Modules(sources, finder=ModuleFinder([source.path for source in sources]))
    module = modules.at(tmp_path / "a.py")
    assert module is not None
    (call,) = module.tree.nodes_of_class(nodes.Call)
    place = place_of(call, modules, "calls answer()")
    assert (place.line, place.column, place.end_line, place.end_column) == (3, 25, 3, 33)
    assert (place.function, place.what) == ("Agent.run", "calls answer()")
    (run,) = module.tree.nodes_of_class(nodes.AsyncFunctionDef)
    assert (place_of(run, modules).line, place_of(run, modules).column) == (2, 5)
    assert function_of(module.tree) == ""
