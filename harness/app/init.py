"""Files for a project that has none for crashproof yet: what its code says is put into scenarios, tests and CI.

Nothing of the project is imported or run, and nothing that is there is written over.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import jinja2

from harness.app.worker_program import command_of, loopback, makes_worker, module_to_replay, needs_of, services_of
from harness.audit.code.source import collect
from harness.audit.program_reading import ReadWorker, ReadWorkflow, read_program

SCENARIOS = Path("scenarios")
_MODEL_CLIENT = re.compile(r"^\s*(?:from|import)\s+(openai|anthropic|agents|litellm|pydantic_ai)\b", re.MULTILINE)
_HTTP_CLIENT = re.compile(r"^\s*(?:from|import)\s+(httpx2?|requests|aiohttp|urllib3)\b", re.MULTILINE)
_IMPORTS = re.compile(r"^\s*(?:from|import)\s+([A-Za-z_]\w*)", re.MULTILINE)
_FIRST_WORKER = Path("temporal_worker.py")
_AGENTS_PLUGIN = Path("openai_agent_integration.py")
_LONGEST_VALUE = 80  # characters on one line
_FIRST_WORK: Mapping[str, Any] = {
    "name": "agent",
    "workflow": "Agent",
    "cls": "Agent",
    "module": "temporal_worker",
    "env": {},
    "worker": "python temporal_worker.py",
    "task_queue": "agents",
    "address": "",
    "arguments": ("What is durable?",),
    "starts": False,
    "made_up": False,
    "signals": (),
    "data_converter": "",
    "sends": (),
    "kinds": [],
    "sends_made_up": False,
}


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """A file to be written.

    Attributes:
        path: Where, below the project's folder.
        text: What it holds.
        exists: Whether something is there already, so that it is left alone.
    """

    path: Path
    text: str
    exists: bool


@dataclass(frozen=True, kw_only=True)
class ProjectReading:
    """What was understood of a project, and what would be written for it.

    Attributes:
        said: What was understood, a line each.
        files: The files, those that exist already too.
    """

    said: tuple[str, ...]
    files: tuple[PlannedFile, ...]


def read_project(folder: Path, *, campaign: bool = False, templates: bool = True) -> ProjectReading:
    """Read the project in the current folder, or one below it, and plan its files.

    Args:
        folder: The folder.
        campaign: Whether machines of a campaign are to be described, too: an image, and a deployment of it.
        templates: Whether a worker and an agent to copy from are wanted, too, where the project has its own.

    Raises:
        UsageError: There is no such folder.
    """
    sources = [
        each.path for each in collect([folder]) if not each.reason and not _as_written(each.path, _AGENTS_PLUGIN)
    ]
    programs = {file: read_program(file) for file in _own_workers(sources)}
    clients, others = (_imported(each, sources) for each in (_MODEL_CLIENT, _HTTP_CLIENT))
    asks_model = bool(clients)
    work = [(file, worker, each) for file, made in programs.items() for worker in made for each in worker.workflows]
    said = [f"{_shown(file)}:{worker.line}: {_summary(worker, each)}" for file, worker, each in work]
    if asks_model:
        said.append(f"a model is asked by {', '.join(clients)}: model_script.py says what it answers in trials")
    if others:
        how = "faults meet them by --http-proxy, or where their address is read from the environment"
        said.append(f"services are called by {', '.join(others)}: {how}")
    if played := sorted({name for _, worker, _ in work for name in services_of(worker)}):
        said.append(f"{', '.join(played)} leads to services that are played in trials: effects= says what they answer")
    if not work:
        said.append(f"no worker was found: {_FIRST_WORKER} is one to begin with")
    scenarios = _scenarios(
        work, asks_model=asks_model, modules={file.stem for file in sources if file.parent.name != SCENARIOS.name}
    )
    files = [*scenarios, *_beside(work, asks_model=asks_model, needs=_needs(sources))]
    if templates:
        beside = [_AGENTS_PLUGIN] if not work else [_FIRST_WORKER, _AGENTS_PLUGIN]
        files += [(path, _rendered(f"{path}.j2")) for path in beside]
        said.append(f"to copy from: {' and '.join(map(str, beside))}; what you have stays as it is")
    if campaign:
        files += _campaign(_needs(sources))
    return ProjectReading(
        said=tuple(said),
        files=tuple(PlannedFile(path=path, text=text, exists=(folder / path).exists()) for path, text in files),
    )


def _own_workers(sources: Sequence[Path]) -> list[Path]:
    """Return the programs that make workers: the one to begin with only where it was changed, or there is no other."""
    programs = [file for file in sources if makes_worker(file)]
    return [file for file in programs if not _as_written(file, _FIRST_WORKER)] or programs


def _as_written(file: Path, template: Path) -> bool:
    """Tell whether a file is what was written from a template, and nobody has changed it since."""
    return file.name == template.name and file.read_text(errors="replace") == _rendered(f"{template}.j2")


def write(reading: ProjectReading, folder: Path) -> list[Path]:
    """Write the planned files that do not exist yet, and return where they are."""
    written = [each for each in reading.files if not each.exists]
    for each in written:
        (folder / each.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / each.path).write_text(each.text, encoding="utf-8")
    return [each.path for each in written]


_Work = Sequence[tuple[Path, ReadWorker, ReadWorkflow]]


def _scenarios(work: _Work, *, asks_model: bool, modules: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Yield a scenario for each workflow, in a file that no module of the project is mistaken for."""
    taken = set(modules)
    if not work:
        first = _rendered("scenario.py.j2", **_FIRST_WORK, asks_model=asks_model)
        yield _FIRST_WORKER, _rendered("temporal_worker.py.j2")
        yield SCENARIOS / "agent.py", first
    for file, worker, workflow in work:
        sends = () if worker.starts == workflow.name else workflow.sends
        name = _not_taken(_variable(workflow), taken)
        yield (
            SCENARIOS / f"{name}.py",
            _rendered(
                "scenario.py.j2",
                name=_variable(workflow),
                workflow=workflow.name,
                cls=workflow.declared,
                module=module_to_replay(worker, workflow),
                data_converter=worker.data_converter,
                worker=command_of(_shown(file)),
                env={**needs_of(file), **services_of(worker)},
                task_queue=worker.task_queue,
                address=loopback(worker.address),
                starts=worker.starts == workflow.name,
                arguments=workflow.arguments,
                made_up=workflow.made_up,
                signals=workflow.signals,
                sends=sends,
                kinds=sorted({each.kind for each in sends}),
                sends_made_up=any(each.arguments and not each.written for each in sends),
                asks_model=asks_model,
            ),
        )


def _beside(work: _Work, *, asks_model: bool, needs: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield what stands beside the scenarios: a model script, tests, sessions, CI, a retry policy, what watches."""
    if asks_model:
        yield SCENARIOS / "model_script.py", _rendered("model_script.py.j2")
    yield SCENARIOS / "test_survives.py", _rendered("test_survives.py.j2", folder=SCENARIOS)
    read = (module_to_replay(worker, each) for _, worker, each in work)
    modules = list(dict.fromkeys(name for name in read if name)) or ([] if work else [_FIRST_WORKER.stem])
    worker = command_of(_shown(work[0][0])) if work else ""
    yield Path("noxfile.py"), _rendered("noxfile.py.j2", modules=modules, worker=worker, **needs)
    yield Path(".github/workflows/crashproof.yml"), _rendered("crashproof.yml.j2", **needs)
    for name in ("retry_policy.json", "prometheus_alerts.yml", "grafana_dashboard.json"):
        yield Path(name), _own(name)


def _campaign(needs: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Return what describes the machines of a campaign."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    image = _rendered("campaign.Dockerfile.j2", python=python, **needs)
    return [
        (Path("campaign.Dockerfile"), image),
        (Path("campaign_workers.yaml"), _rendered("campaign_workers.yaml.j2")),
    ]


def _needs(sources: Sequence[Path]) -> dict[str, Any]:
    """Say by which files the project tells what it needs, or, where it has none, which packages it imports."""
    files = {"requirements": Path("requirements.txt").exists(), "project": Path("pyproject.toml").exists()}
    return {**files, "packages": [] if any(files.values()) else _installed_imports(sources)}


def _installed_imports(sources: Sequence[Path]) -> list[str]:
    """Return the names by which packages are installed that code imports, as far as they are installed here."""
    imported = {name for file in sources for name in _IMPORTS.findall(file.read_text(errors="replace"))}
    here = _packages_here() if imported else {}
    names = {_package_of(name, here.get(name, ())) for name in imported - {"harness", "nox", "pytest"}}
    return sorted(names - {""})


@cache
def _packages_here() -> Mapping[str, list[str]]:
    """Return which installed packages have a part of each top-level module: every one of them is read for it."""
    return metadata.packages_distributions()


def _package_of(module: str, installed: Collection[str]) -> str:
    """Return the package that a module is of: where several have a part of it the one that is called like it."""
    alike = [each for each in installed if each.lower().replace("-", "_") == module.lower()]
    return next(iter(alike or (installed if len({*installed}) == 1 else ())), "")


def _summary(worker: ReadWorker, workflow: ReadWorkflow) -> str:
    queue = f"task queue {worker.task_queue}" if worker.task_queue else "task queue as it polls"
    how = "started by the program itself" if worker.starts == workflow.name else "started by others"
    takes = f", takes {', '.join(workflow.signals)}" if workflow.signals else ""
    fixed = f" at {worker.address}" if worker.address else ""
    return f"worker on {queue}{fixed}: {workflow.name}({', '.join(workflow.parameters)}), {how}{takes}"


def _imported(clients: re.Pattern[str], sources: Sequence[Path]) -> list[str]:
    return sorted({name for file in sources for name in clients.findall(file.read_text(errors="replace"))})


def _variable(workflow: ReadWorkflow) -> str:
    """Return a workflow type as the name of a variable and of a file: ``OrderWorkflow`` is ``order_workflow``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", workflow.name)
    name = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
    return name if name.isidentifier() else f"workflow_{name}"


def _not_taken(name: str, taken: set[str]) -> str:
    """Return a name of a file, with more after it where it is taken, and count it as taken."""
    more = (f"{name}_scenario{number}" for number in ("", *range(2, len(taken) + 3)))
    free = next(each for each in (name, *more) if each not in taken)
    taken.add(free)
    return free


def _shown(file: Path) -> Path:
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _own(name: str) -> str:
    return resources.files("harness").joinpath("templates", name).read_text(encoding="utf-8")


def _rendered(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False
    )
    environment.filters["py"] = _literal
    return environment.from_string(_own(template)).render(**values)


def _literal(value: Any, *, indent: int = 4) -> str:
    """Return a JSON value as code: texts in double quotes, what is long with an entry a line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list):
        return repr(value)
    deeper = [_literal(each, indent=indent + 4) for each in (value.values() if isinstance(value, dict) else value)]
    named = isinstance(value, dict)
    entries = [f"{_literal(key)}: {each}" for key, each in zip(value, deeper, strict=True)] if named else deeper
    first, last = "{}" if named else "[]"
    if len(line := first + ", ".join(entries) + last) <= _LONGEST_VALUE:
        return line
    within = " " * (indent + 4)
    return "\n".join([first, *(f"{within}{each}," for each in entries), " " * indent + last])
