"""Code written for one test, and what an audit sees in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from astroid import nodes

from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder, and return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return folder


def project(folder: Path, files: Mapping[str, str]) -> Project:
    """Return the project of these files."""
    return Project.of([write(folder, files)])


def agent(body: str, *, top: str = "") -> str:
    """Return the text of a module with one workflow, whose `run` has this body."""
    lines = [
        "from datetime import timedelta",
        "from temporalio import workflow",
        *dedent(top).strip().splitlines(),
        "",
        "@workflow.defn",
        "class Agent:",
        "    @workflow.run",
        "    async def run(self) -> str:",
        *(f"        {line}" for line in dedent(body).strip().splitlines()),
    ]
    return "\n".join(lines) + "\n"


def called(project: Project) -> set[str]:
    """Return the names of all that workflow code calls."""
    return {
        name
        for reached in project.reached()
        for call in project.calls(reached)
        for name in called_in(project, call, reached)
    }


def called_in(project: Project, call: nodes.Call, reached: ReachedCode) -> tuple[str, ...]:
    return project.called_names(call, reached) or (f"? {call.func.as_string()}",)


def reached_names(project: Project) -> dict[str, list[str]]:
    """Return the functions that workflow code reaches, each with the steps that lead there."""
    return {
        getattr(reached.node, "name", "lambda"): [step.what for step in reached.path] for reached in project.reached()
    }
