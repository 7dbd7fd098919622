from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.unit.audit.source_files import agent, called, project, reached_names, write

SHOWN = {
    "a function": ("return pick()", "def pick():\n    return time.time()"),
    "a function of a function": ("return a()", "def a():\n    return b()\ndef b():\n    return time.time()"),
    "a closure": ("def inner():\n    return time.time()\nreturn inner()", ""),
    "a closure passed on": ("def inner():\n    return time.time()\nreturn max([1], key=inner)", ""),
    "a lambda": ("return (lambda: time.time())()", ""),
    "a lambda passed on": ("await workflow.wait_condition(lambda: time.time() > 1)", ""),
    "a lambda in a variable": ("now = lambda: time.time()\nreturn now()", ""),
    "a comprehension": ("return [time.time() for _ in range(3)]", ""),
    "a generator expression": ("return list(clock() for _ in [1])", "def clock():\n    return time.time()"),
    "a decorated function": (
        "return pick()",
        """
        def timed(f):
            def wrapper():
                time.time()
                return f()
            return wrapper

        @timed
        def pick():
            return 1
        """,
    ),
    "a decorator with arguments": (
        "return pick()",
        """
        def timed(unit):
            def decorate(f):
                def wrapper():
                    return time.time()
                return wrapper
            return decorate

        @timed("s")
        def pick():
            return 1
        """,
    ),
    "a default argument": ("return pick()", "def pick(at=time.time()):\n    return at"),
    "a dataclass field": (
        "return Step().at",
        """
        from dataclasses import dataclass, field

        def stamp():
            return time.time()

        @dataclass
        class Step:
            at: float = field(default_factory=stamp)
        """,
    ),
    "a pydantic field": (
        "return Step().at",
        """
        from pydantic import BaseModel, Field

        class Step(BaseModel):
            at: float = Field(default_factory=lambda: time.time())
        """,
    ),
    "an inherited field": (
        "return Later().at",
        """
        from dataclasses import dataclass, field

        @dataclass
        class Step:
            at: float = field(default_factory=lambda: time.time())

        @dataclass
        class Later(Step):
            more: int = 0
        """,
    ),
    "a constructor": ("return Clock()", "class Clock:\n    def __init__(self):\n        self.at = time.time()"),
    "a method": ("return Clock().now()", "class Clock:\n    def now(self):\n        return time.time()"),
    "a method of a parameter": (
        "return ask(Clock())",
        "class Clock:\n    def now(self):\n        return time.time()\n"
        "def ask(clock: 'Clock'):\n    return clock.now()",
    ),
    "a method of a constant": (
        "return CLOCK.now()",
        "class Clock:\n    def now(self):\n        return time.time()\nCLOCK = Clock()",
    ),
    "a method of what a function returns": (
        "return make().now()",
        "class Clock:\n    def now(self):\n        return time.time()\ndef make():\n    return Clock()",
    ),
    "a method of an element": (
        "for clock in [Clock()]:\n    clock.now()",
        "class Clock:\n    def now(self):\n        return time.time()",
    ),
    "a method of the class above": (
        "return Clock().now()",
        """
        class Old:
            def now(self):
                return time.time()

        class Clock(Old):
            def now(self):
                return super().now()
        """,
    ),
    "a static method": (
        "return Clock.now()",
        "class Clock:\n    @staticmethod\n    def now():\n        return time.time()",
    ),
    "a class method": (
        "return Clock.make()",
        "class Clock:\n    @classmethod\n    def make(cls):\n        return cls.now()\n"
        "    @classmethod\n    def now(cls):\n        time.time()",
    ),
    "a property": (
        "return Clock().now",
        "class Clock:\n    @property\n    def now(self):\n        return time.time()",
    ),
    "an object that is called": (
        "return Clock()()",
        "class Clock:\n    def __call__(self):\n        return time.time()",
    ),
    "a class that is entered": (
        "with Timer() as timer:\n    pass",
        "class Timer:\n    def __enter__(self):\n        self.at = time.time()\n    def __exit__(self, *a): ...",
    ),
    "a partial": (
        "return now()",
        "from functools import partial\ndef pick(n):\n    return time.time()\nnow = partial(pick, 1)",
    ),
    "a task": ("await asyncio.create_task(pick())", "import asyncio\nasync def pick():\n    return time.time()"),
    "a table of functions": ("return TABLE['a']()", "def pick():\n    return time.time()\nTABLE = {'a': pick}"),
    "a star import": ("return pick()", "from app.clock import *"),
    "a relative import": ("return clock.pick()", "from . import clock"),
    "a re-export": ("return pick()", "from app.shown import choose as pick"),
    "a cyclic import": ("return turn()", "from app.left import turn"),
    "an import within": ("from app.clock import pick\nreturn pick()", ""),
    "an installed package": ("return beside.now()", "import beside"),
}

BESIDE = {
    "app/__init__.py": "",
    "app/clock.py": "import time\n\ndef pick():\n    return time.time()\n",
    "app/shown.py": "from app.clock import pick as choose\n__all__ = ['choose']\n",
    "app/left.py": "from app.right import answer\n\ndef turn():\n    return answer()\n",
    "app/right.py": "import time\nfrom app import left\n\ndef answer():\n    return time.time() or left.turn()\n",
    ".venv/pyvenv.cfg": "",
    ".venv/lib/python3.11/site-packages/beside/__init__.py": "from beside._clock import now\n",
    ".venv/lib/python3.11/site-packages/beside/_clock.py": "import time\n\ndef now():\n    return time.time()\n",
}


@pytest.mark.parametrize("way", SHOWN)
def test_code_is_reached_by_way_of(way: str, tmp_path: Path) -> None:
    body, top = SHOWN[way]
    files = {**BESIDE, "app/agents.py": agent(body, top="import time\n" + dedent(top))}
    assert "time.time" in called(project(tmp_path, files))


NOT_REACHED = {
    "an activity that is started": (
        "await workflow.execute_activity(fetch, start_to_close_timeout=timedelta(seconds=9))",
        "from temporalio import activity\n@activity.defn\ndef fetch():\n    return time.time()",
    ),
    "an activity of a class": (
        "await workflow.execute_activity_method(Tools.fetch, start_to_close_timeout=timedelta(seconds=9))",
        "from temporalio import activity\n"
        "class Tools:\n    @activity.defn\n    def fetch(self):\n        return time.time()",
    ),
    "an activity in a list": (
        "tools = [fetch]\nreturn len(tools)",
        "from temporalio import activity\n@activity.defn\ndef fetch():\n    return time.time()",
    ),
    "a function that nobody calls": ("return 1", "def pick():\n    return time.time()"),
    "code for type checkers": ("return 1", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    time.time()"),
    "the main program": ("return 1", "if __name__ == '__main__':\n    time.time()"),
    "a module passed through": ("return 1", "with workflow.unsafe.imports_passed_through():\n    import app.noisy"),
}


@pytest.mark.parametrize("way", NOT_REACHED)
def test_code_is_not_reached_by_way_of(way: str, tmp_path: Path) -> None:
    body, top = NOT_REACHED[way]
    files = {"app/__init__.py": "", "app/noisy.py": "import time\nBORN = time.time()\n"}
    found = project(tmp_path, {**files, "app/agents.py": agent(body, top=f"import time\n{top}")})
    assert "time.time" not in called(found)


def test_the_path_names_each_step(tmp_path: Path) -> None:
    top = "def first():\n    return second()\n\ndef second():\n    return 1\n"
    found = project(tmp_path, {"agents.py": agent("return first()", top=top)})
    assert reached_names(found)["second"] == ["calls first()", "calls second()"]
    second = next(each for each in found.reached() if getattr(each.node, "name", "") == "second")
    assert [(step.line, step.function) for step in second.path] == [(13, "Agent.run"), (4, "first")]
    assert (second.workflow, second.entry and second.entry.kind) == ("Agent", "run")


def test_module_level_code_is_reached_by_imports(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/a.py": "import app.b\n",
        "app/b.py": "def make():\n    return 1\nBORN = make()\n",
    }
    found = project(tmp_path, {**files, "app/agents.py": agent("return 1", top="import app.a")})
    assert reached_names(found)["app.b"] == ["imports app.a", "imports app.b"]
    assert reached_names(found)["make"][-1] == "calls make()"


def test_a_module_passed_through_says_so(tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/tools.py": "def pick():\n    return 1\n"}
    top = "with workflow.unsafe.imports_passed_through():\n    from app.tools import pick"
    found = project(tmp_path, {**files, "app/agents.py": agent("return pick()", top=top)})
    passed = {getattr(each.node, "name", ""): each.passed_through for each in found.reached()}
    assert passed == {"run": False, "app.agents": False, "pick": True}


def test_endless_recursion_ends(tmp_path: Path) -> None:
    top = "def left(n):\n    return right(n)\n\ndef right(n):\n    return left(n)\n\nx = x\n"
    assert {"left", "right"} <= reached_names(project(tmp_path, {"agents.py": agent("return left(1)", top=top)})).keys()


def test_what_cannot_be_followed_is_listed(tmp_path: Path) -> None:
    top = "def ask(tool):\n    return tool.call()\n"
    found = project(tmp_path, {"agents.py": agent("return ask(1) or gone()", top=top)})
    assert [(each.name, each.why) for each in found.unresolved] == [
        ("tool.call", "tool is a parameter of unknown type"),
        ("gone", "gone is bound nowhere in this module"),
    ]


def test_what_python_itself_defines_counts_as_followed(tmp_path: Path) -> None:
    top = "class Lost(Exception):\n    def __init__(self):\n        super().__init__('lost')\n"
    assert project(tmp_path, {"agents.py": agent("raise Lost()", top=top)}).unresolved == ()


def test_no_code_of_the_user_is_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = {"app/__init__.py": "raise SystemExit('imported')\n", "app/tools.py": "print('imported')\n"}
    write(tmp_path, {".venv/pyvenv.cfg": "", ".venv/lib/python3.11/site-packages/bad/__init__.py": "1 / 0\n"})
    top = "import app.tools\nimport bad\nfrom app import *"
    found = project(tmp_path, {**files, "app/agents.py": agent("return bad.x() + app.tools.pick()", top=top)})
    found.reached()
    assert capfd.readouterr().out == ""
