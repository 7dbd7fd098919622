"""The code of a worker is its program, its workflows, and what of the project these import."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import Scenario, start
from harness.app.worker_code import code_of

FILES = {
    "app/__init__.py": "",
    "app/worker.py": "import asyncio\nfrom app import workflows\nfrom .activities import charge\n",
    "app/workflows.py": "from temporalio import workflow\nwith x:\n    import app.policy\n",
    "app/activities.py": "def charge():\n    import broken\n",
    "app/policy.py": "",
    "app/unused.py": "",
    "broken.py": "def (:\n",
    "alone.py": "import policy\n",
    "policy.py": "",
    "sub/program.py": "import beside\n",
    "sub/beside.py": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("worker", "files"),
    [
        (
            "python -m app.worker",
            ("app/__init__.py", "app/activities.py", "app/policy.py", "app/worker.py", "app/workflows.py", "broken.py"),
        ),
        ("python -u alone.py --flag", ("alone.py", "policy.py")),
        ("python sub/program.py", ("sub/beside.py", "sub/program.py")),
        ("./worker-in-go --queue q", ()),
        ("python -m elsewhere", ()),
        ("python missing.py", ()),
    ],
)
def test_imports_are_followed_within_the_project(project: Path, worker: str, files: tuple[str, ...]) -> None:
    assert code_of([Scenario(worker=worker, work=start("Trip"))], cwd=project) == files


def test_the_workflow_that_the_scenario_names_is_read_too(project: Path) -> None:
    scenario = Scenario(worker="./worker", work=start("Trip"))
    named = Scenario(worker="./worker", work=type(scenario.work)(workflow="Trip", modules=("app.workflows:Trip",)))
    assert code_of([named], cwd=project) == ("app/policy.py", "app/workflows.py")
